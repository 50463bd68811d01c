import { fetchJson, PageError, type StackFile } from './stack-file';

interface Counts {
  active: number;
  scheduled: number;
  deadLetter: number;
}

/** A sample of every queue's depth. */
interface Sample {
  at: number;
  active: Record<string, number>;
  deadLetter: Record<string, number>;
}

const SAMPLE_EVERY_MS = 10_000;
/** Half an hour. */
const SAMPLES = 180;
const PEEKED = 50;
const BODY_SHOWN = 8_192;

const keyOf = ({ serviceBus }: StackFile): string =>
  /SharedAccessKey=([^;]+)/.exec(serviceBus.connectionString)?.[1] ?? '';

async function countsOf(stack: StackFile): Promise<Record<string, Counts>> {
  const url = `http://127.0.0.1:${stack.serviceBus.port}/_local/counts`;
  const headers = { 'x-local-key': keyOf(stack) };
  return (await fetchJson('Service Bus', url, { headers })) as Record<string, Counts>;
}

/** Depths over time, gathered whether or not somebody looks. */
export class Depths {
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly stack: () => StackFile) {
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_EVERY_MS).unref();
  }

  async queues(): Promise<unknown> {
    const counts = await countsOf(this.stack());
    return Object.entries(counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, now]) => ({
        path,
        ...now,
        depths: [...this.#samples.map(({ active }) => active[path] ?? 0), now.active],
        deadLetters: [...this.#samples.map(({ deadLetter }) => deadLetter[path] ?? 0), now.deadLetter],
      }));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #sample(): Promise<void> {
    try {
      const entries = Object.entries(await countsOf(this.stack()));
      this.#samples.push({
        at: Date.now(),
        active: Object.fromEntries(entries.map(([path, { active }]) => [path, active])),
        deadLetter: Object.fromEntries(entries.map(([path, { deadLetter }]) => [path, deadLetter])),
      });
      if (this.#samples.length > SAMPLES) this.#samples.shift();
    } catch {
      // A part that is restarted leaves a gap.
    }
  }
}

/** Peeking takes nothing away and locks nothing. */
export async function peek(stack: StackFile, path: string, isDeadLetter: boolean): Promise<unknown> {
  if (!Object.hasOwn(await countsOf(stack), path)) throw new PageError(404, 'There is no such queue.');
  // Loaded when somebody looks: memory of a stack at rest.
  const { ServiceBusClient } = await import('@azure/service-bus');
  const client = new ServiceBusClient(stack.serviceBus.connectionString);
  try {
    const [, topic, subscription] = /^(.*)\/Subscriptions\/([^/]+)$/.exec(path) ?? [];
    const options = isDeadLetter ? { subQueueType: 'deadLetter' as const } : {};
    const receiver =
      topic && subscription
        ? client.createReceiver(topic, subscription, options)
        : client.createReceiver(path, options);
    const messages = await receiver.peekMessages(PEEKED);
    return messages.map((message) => ({
      sequenceNumber: message.sequenceNumber?.toString(),
      messageId: String(message.messageId ?? ''),
      enqueued: message.enqueuedTimeUtc,
      deliveryCount: message.deliveryCount,
      state: message.state,
      subject: message.subject,
      reason: message.deadLetterReason,
      description: message.deadLetterErrorDescription,
      properties: message.applicationProperties ?? {},
      body: shown(message.body),
    }));
  } finally {
    await client.close();
  }
}

function shown(body: unknown): string {
  const text = Buffer.isBuffer(body)
    ? body.toString('utf8')
    : typeof body === 'string'
      ? body
      : JSON.stringify(body, undefined, 2);
  return shortened(text);
}

export const shortened = (text: string): string =>
  text.length > BODY_SHOWN
    ? `${text.slice(0, BODY_SHOWN)}\n… ${text.length - BODY_SHOWN} more characters`
    : text;
