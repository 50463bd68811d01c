import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import type { TriggerEvent } from '../invoker';
import type { LongValue, TypedData } from '../protocol';

/** .NET's largest date: a message without an expiry. */
const NO_EXPIRY = '9999-12-31T23:59:59.9999999';

type Metadata = Record<string, unknown>;

/** Broker properties under the names that the Service Bus extension gives them; absent ones are left out. */
function brokerProperties(message: ServiceBusReceivedMessage): Metadata {
  const expires = message.expiresAtUtc?.toISOString() ?? NO_EXPIRY;
  const enqueued = message.enqueuedTimeUtc?.toISOString();
  const properties: Metadata = {
    // The wire counts earlier deliveries, the extension counts this one too.
    DeliveryCount: (message.deliveryCount ?? 0) + 1,
    DeadLetterSource: message.deadLetterSource,
    LockToken: message.lockToken,
    ExpiresAtUtc: expires,
    ExpiresAt: expires,
    EnqueuedTimeUtc: enqueued,
    EnqueuedTime: enqueued,
    MessageId: message.messageId === undefined ? undefined : String(message.messageId),
    ContentType: message.contentType,
    ReplyTo: message.replyTo,
    SequenceNumber:
      message.sequenceNumber === undefined ? undefined : Number(message.sequenceNumber.toString()),
    To: message.to,
    Subject: message.subject,
    Label: message.subject,
    CorrelationId: message.correlationId === undefined ? undefined : String(message.correlationId),
    ApplicationProperties: message.applicationProperties ?? {},
    UserProperties: message.applicationProperties ?? {},
    SessionId: message.sessionId,
    ReplyToSessionId: message.replyToSessionId,
    PartitionKey: message.partitionKey,
  };
  return Object.fromEntries(
    Object.entries(properties).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** Dates travel as JSON text, like everything that is not a plain string. */
const DATES = new Set(['ExpiresAtUtc', 'ExpiresAt', 'EnqueuedTimeUtc', 'EnqueuedTime']);
const typed = (name: string, value: unknown): TypedData =>
  typeof value === 'string' && !DATES.has(name) ? { string: value } : { json: JSON.stringify(value) };

/** The body as bytes; what another client sent as an AMQP value becomes its text. */
export function bodyBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : (JSON.stringify(body) ?? ''));
}

/**
 * The host adds the top-level scalars of a JSON object body to the binding data, *over* broker properties of the
 * same name in any case. A body `{"messageId":"x"}` hides the broker's message id; apps have to know.
 */
function withBodyProperties(properties: Metadata, text: string): Metadata {
  if (!text.trimStart().startsWith('{')) return properties;
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return properties;
  }
  const names = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));
  const merged = { ...properties };
  for (const [name, value] of Object.entries(body)) {
    if (value === null || typeof value === 'object') continue;
    const key = names.get(name.toLowerCase()) ?? name;
    names.set(name.toLowerCase(), key);
    Object.defineProperty(merged, key, {
      value: asDotNetText(value),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return merged;
}

const asDotNetText = (value: unknown): string =>
  typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);

export interface EventOptions {
  binary: boolean;
}

export function singleMessageEvent(
  message: ServiceBusReceivedMessage,
  { binary }: EventOptions,
): TriggerEvent {
  const body = bodyBytes(message.body);
  const properties = brokerProperties(message);
  const text = binary ? undefined : body.toString('utf8');
  const merged = text === undefined ? properties : withBodyProperties(properties, text);
  const metadata = Object.fromEntries(
    Object.entries(merged).map(([name, value]) => [name, typed(name, value)]),
  );
  const { DeliveryCount, SequenceNumber } = properties;
  return {
    input: text === undefined ? { bytes: body } : { string: text },
    metadata,
    reason: `(null); message ${String(SequenceNumber)}, delivery ${String(DeliveryCount)}`,
  };
}

/**
 * Batches: each property becomes an array with the suffix `Array`. Arrays of strings lose their empty entries on the
 * way, so they may be shorter than the batch, and 64-bit numbers arrive as {low, high, unsigned}.
 */
export function batchEvent(
  messages: readonly ServiceBusReceivedMessage[],
  { binary }: EventOptions,
): TriggerEvent {
  const bodies = messages.map((message) => bodyBytes(message.body));
  const all = messages.map(brokerProperties);
  const names = new Set(all.flatMap((properties) => Object.keys(properties)));
  const metadata: Record<string, TypedData> = {};
  for (const name of names) {
    const values = all.map((properties) => properties[name]);
    metadata[`${name}Array`] = batchProperty(name, values);
  }
  const input: TypedData = binary
    ? { collectionBytes: { bytes: bodies.filter((body) => body.length > 0) } }
    : {
        collectionString: {
          string: bodies.map((body) => body.toString('utf8')).filter((text) => text !== ''),
        },
      };
  return { input, metadata, reason: `(null); ${messages.length} message(s)` };
}

function batchProperty(name: string, values: unknown[]): TypedData {
  if (name === 'SequenceNumber') {
    return { collectionSint64: { sint64: values.map((value) => longOf(Number(value))) } };
  }
  if (!DATES.has(name) && values.some((value) => typeof value === 'string')) {
    return {
      collectionString: {
        string: values.filter((value): value is string => typeof value === 'string' && value !== ''),
      },
    };
  }
  return { json: JSON.stringify(values) };
}

const longOf = (value: number): LongValue => ({
  low: value | 0,
  high: Math.floor(value / 2 ** 32) | 0,
  unsigned: false,
});
