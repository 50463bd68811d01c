import { Command } from 'commander';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessageStatus, SentMessage } from '../../src/lib/ingest';
import type { Services } from '../../src/lib/services';
import { inputFiles, openInput } from '../input';
import { dataOption, positive } from '../options';
import { withServices } from '../services';
import { progress, table } from '../terminal';

interface Options {
  readonly data: string;
  readonly tenant?: string;
  readonly wait?: true;
  readonly rate?: number;
  readonly timeout: number;
  readonly json?: true;
}

interface Fate {
  readonly key: string;
  readonly status: MessageStatus | 'pending';
  readonly code?: string;
  readonly file: string;
}

export function sendCommand(): Command {
  return new Command('send')
    .summary('put HL7 v2 messages on the queue')
    .description(
      'Sends each file as one body to the queue hl7-messages; one that is too large goes as several, each of whole messages.',
    )
    .argument('<file...>', 'files or folders; - for standard input')
    .option('--tenant <id>', 'tenant of the messages (default: DEFAULT_TENANT)')
    .option('--wait', 'wait for the final status of every message')
    .option('--rate <n>', 'at most so many bodies per second', positive)
    .option('--timeout <seconds>', 'how long --wait waits', positive, 120)
    .option('--json', 'totals and messages as one JSON object')
    .addOption(dataOption())
    .action((paths: string[], options: Options) =>
      withServices(options.data, ({ ingest }) => send(ingest, paths, options)),
    );
}

type Ingest = Services['ingest'];

async function send(ingest: Ingest, paths: readonly string[], options: Options): Promise<void> {
  const files = await inputFiles(paths);
  const sent: (SentMessage & { readonly file: string })[] = [];
  const sending = progress('sending', files.length);
  const started = Date.now();
  const tenant = options.tenant === undefined ? {} : { tenant: options.tenant };
  let count = 0;
  for (const [i, file] of files.entries()) {
    const bodies = ingest.enqueueStream(openInput(file), tenant);
    for (;;) {
      if (options.rate !== undefined)
        await delay(Math.max(0, started + (count * 1000) / options.rate - Date.now()));
      const next = await bodies.next();
      if (next.done === true) {
        for (const { severity, code, safeMessage } of next.value)
          console.error(`${file}: ${severity} ${code}: ${safeMessage}`);
        break;
      }
      count += 1;
      for (const message of next.value) sent.push({ ...message, file });
    }
    sending.at(i + 1);
  }
  sending.end();

  const fates = new Map<SentMessage, Fate>(
    sent.map((message) => [message, { key: message.key, status: 'pending', file: message.file }]),
  );
  if (options.wait) {
    const waiting = progress('waiting', sent.length);
    let done = 0;
    await ingest.waitFor(sent, {
      timeoutMs: options.timeout * 1000,
      onFinal: (message, { status, code }) => {
        const { key, file } = fates.get(message) ?? { key: message.key, file: '' };
        fates.set(message, { key, file, status, ...(code !== undefined && { code }) });
        waiting.at(++done);
      },
    });
    waiting.end();
    for (const [message, fate] of fates) {
      if (fate.status !== 'duplicate') continue;
      // Sent before and refused then: to the sender that is no success.
      const [first] = (await ingest.showMessage(message.id)).filter(({ id }) => id === message.id);
      if (first?.code !== undefined) fates.set(message, { ...fate, code: first.code });
    }
  }
  report([...fates.values()], options);
}

function report(fates: readonly Fate[], { wait, json }: Options): void {
  const count = (status: Fate['status']) => fates.filter((fate) => fate.status === status).length;
  const totals = {
    sent: fates.length,
    done: count('done'),
    rejected: count('rejected'),
    duplicate: count('duplicate'),
    conflict: count('conflict'),
    pending: count('pending'),
  };
  if (json)
    console.log(
      JSON.stringify({
        ...totals,
        messages: fates.map(({ key, status, code }) => ({
          key,
          status,
          ...(code !== undefined && { code }),
        })),
      }),
    );
  else {
    if (wait && fates.length > 0)
      console.log(
        `${table(fates.map(({ file, key, status, code }) => ({ status, code, file, message: key })))}\n`,
      );
    console.log(
      wait
        ? Object.entries(totals)
            .map(([name, n]) => `${n} ${name}`)
            .join(', ')
        : `${totals.sent} sent. See what became of them: medrelay messages list`,
    );
  }
  if (wait && fates.some(({ status, code }) => status === 'pending' || code !== undefined))
    process.exitCode = 1;
}
