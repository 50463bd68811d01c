import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import type { TriggerEvent } from '../invoker';
import type { LongValue, TypedData } from '../protocol';
import { typedMetadata, withBodyProperties, type Metadata } from './body-properties';

/** A date that JavaScript's own cannot hold; like those it travels as JSON text, not as a plain string. */
class DateTimeText {
  constructor(private readonly text: string) {}
  toJSON(): string {
    return this.text;
  }
}

/** .NET's largest date: a message without an expiry. */
const NO_EXPIRY = new DateTimeText('9999-12-31T23:59:59.9999999');

/** Broker properties under the names that the Service Bus extension gives them; absent ones are left out. */
function brokerProperties(message: ServiceBusReceivedMessage): Metadata {
  const { expiresAtUtc } = message;
  const expires = expiresAtUtc && expiresAtUtc.getUTCFullYear() <= 9999 ? expiresAtUtc : NO_EXPIRY;
  const enqueued = message.enqueuedTimeUtc;
  const properties: Record<string, unknown> = {
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

/**
 * What settles messages in .NET reaches Node as JSON without use; apps that list their metadata see the names.
 */
const STUBS: Readonly<Record<string, TypedData>> = Object.fromEntries(
  ['MessageReceiver', 'MessageSession', 'MessageActions', 'SessionActions', 'ReceiveActions', 'Client'].map(
    (name) => [name, { json: '{}' }],
  ),
);

/** The body as bytes; what another client sent as an AMQP value becomes its text. */
export function bodyBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : (JSON.stringify(body) ?? ''));
}

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
  const metadata = { ...STUBS, ...typedMetadata(merged) };
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
  const metadata: Record<string, TypedData> = { ...STUBS };
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
  if (values.some((value) => typeof value === 'string')) {
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
