import type { FieldCipher } from '../security';
import type { Azure } from '../azure';
import type { Diagnostic } from '../hl7';
import { attachmentReference } from './attachments';
import { createMessageStore } from './cosmos-messages';
import { listFeeds, type Feed } from './feeds';
import { receiveHttp, refusal, type HttpAnswer } from './http';
import { receiveHttpStream, type StreamAnswer } from './http-stream';
import { createInterpreter } from './interpret';
import type { DeadLetterQueue, IngestPorts, MessageFilter } from './ports';
import { processBody, type BodyResult } from './process-body';
import { createRawVault } from './raw-vault';
import { listWaiting, replay, resubmitEdited, type WaitingMessage } from './rejected';
import { send, waitFor, type SendOptions, type SentMessage } from './send';
import { sendStream } from './send-stream';
import { createDeadLetterQueue } from './service-bus-dead-letters';
import { createOutbox } from './service-bus-outbox';
import type { Delivery, MessageDocument } from './types';

/** HL7 messages from the queue to their end, and what people do with them before and after. */
export interface Ingest {
  /** The main job. Throws only when the message must stay in the queue as it is. */
  processBody(body: Uint8Array, delivery: Delivery): Promise<BodyResult>;
  /** For senders over HTTP and MLLP: checks, queues, and answers with an HL7 acknowledgement. */
  receive(bytes: Uint8Array, tenantId?: string): Promise<HttpAnswer>;
  /** The same for a body of any size, read and queued piece by piece. */
  receiveStream(source: AsyncIterable<Uint8Array>, tenantId?: string): Promise<StreamAnswer>;
  /** The acknowledgement of a message that its door could not hand over; '' where the sender wants none. */
  refuse(bytes: Uint8Array, code: 'TOO_LARGE' | 'NOT_TAKEN'): string;
  /** Queues a body unchecked, as a claim check where it is large. */
  enqueue(bytes: Uint8Array, options: SendOptions): Promise<readonly SentMessage[]>;
  /** The same for a file of any size: several bodies where one would be too large, each yielded once it is queued. */
  enqueueStream(
    source: AsyncIterable<Uint8Array>,
    options: SendOptions,
  ): AsyncGenerator<readonly SentMessage[], readonly Diagnostic[], void>;
  /** Resolves to what has no final status when the time is over. */
  waitFor(
    sent: readonly SentMessage[],
    options: {
      readonly timeoutMs: number;
      readonly onFinal: (sent: SentMessage, document: MessageDocument) => void;
    },
  ): Promise<readonly SentMessage[]>;
  listMessages(filter: MessageFilter): Promise<readonly MessageDocument[]>;
  /** Who sent lately, how much, and who is silent though its profile expects otherwise. */
  listFeeds(): Promise<readonly Feed[]>;
  /** A message with its duplicates and conflicts, by id, key or MSH-10. */
  showMessage(reference: string): Promise<readonly MessageDocument[]>;
  /** The bytes as they arrived; undefined when the blob is gone. */
  readRaw(message: MessageDocument): Promise<Uint8Array | undefined>;
  /** What `Attachment.url` of a stored resource stands for; undefined for any other URL. */
  readAttachment(tenantId: string, url: string): Promise<Uint8Array | undefined>;
  listWaiting(): Promise<readonly WaitingMessage[]>;
  replay(reference: string): Promise<readonly string[]>;
  resubmitEdited(reference: string, bytes: Uint8Array): Promise<readonly SentMessage[]>;
}

export function createIngest(ports: IngestPorts & { readonly deadLetters: DeadLetterQueue }): Ingest {
  return {
    processBody: (body, delivery) => processBody(body, delivery, ports),
    receive: (bytes, tenantId) => receiveHttp(bytes, tenantId, ports),
    receiveStream: (source, tenantId) => receiveHttpStream(source, tenantId, ports),
    refuse: (bytes, code) => refusal(bytes, code, ports.clock.now()),
    enqueue: (bytes, options) => send(bytes, options, ports),
    enqueueStream: (source, options) => sendStream(source, options, ports),
    waitFor: (sent, options) => waitFor(sent, options, ports),
    listMessages: (filter) => ports.messages.list(filter),
    listFeeds: () => listFeeds(ports),
    showMessage: (reference) => ports.messages.find(reference),
    readRaw: ({ tenantId, raw }) => ports.raw.get(tenantId, raw),
    async readAttachment(tenantId, url) {
      const reference = attachmentReference(url);
      return reference && ports.raw.get(tenantId, reference);
    },
    listWaiting: () => listWaiting(ports),
    replay: (reference) => replay(reference, ports),
    resubmitEdited: (reference, bytes) => resubmitEdited(reference, bytes, ports),
  };
}

/** The ports that are Azure services. */
export function azurePorts(
  azure: Azure,
  cipher: FieldCipher,
): Pick<IngestPorts, 'messages' | 'raw' | 'outbox'> & { readonly deadLetters: DeadLetterQueue } {
  return {
    messages: createMessageStore(azure),
    raw: createRawVault(azure, cipher),
    outbox: createOutbox(azure),
    deadLetters: createDeadLetterQueue(azure, 'hl7-messages'),
  };
}

export { createDeadLetterQueue, createInterpreter };
export { readDelivery } from './delivery';
export { messagesIn, messagesInStream } from './messages-in';
export type { IngestPorts } from './ports';
export type { BodyResult, Feed, HttpAnswer, SendOptions, SentMessage, WaitingMessage };
export type { Delivery, MessageDocument, MessageStatus, Outcome, RawReference } from './types';
