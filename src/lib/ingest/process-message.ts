import { MedrelayError } from '../errors';
import type { RawMessage, RejectionCode } from '../hl7';
import type { Tenant } from '../tenants';
import { storeAttachments } from './attachments';
import { outcomeEvent } from './audit-events';
import { clinicalEventOf } from './clinical-event';
import { decideFate, isOwner } from './decide';
import {
  conflictDocument,
  doneDocument,
  duplicateDocument,
  firstDocument,
  outcomeOf,
  rejectedDocument,
  rejectionOf,
  replayedDocument,
} from './documents';
import type { InvocationPorts, Interpretation, StoredMessage } from './ports';
import { isFinal, type Delivery, type MessageDocument, type MessageStatus, type Outcome } from './types';

/** One message of a body and what is known of it before anything is written. */
export interface Incoming {
  readonly raw: RawMessage;
  readonly delivery: Delivery;
  readonly tenant: Tenant;
  /** Set when the whole body is refused, whatever is in it. */
  readonly refusal?: RejectionCode;
  /** The tenant that the message names, where it does not exist. */
  readonly claimedTenant?: string;
}

/** A step failed after the message was claimed: its document may say how far it came. */
export class Interrupted extends Error {
  constructor(
    readonly stored: StoredMessage,
    readonly stage: MessageStatus,
    override readonly cause: unknown,
  ) {
    super('Interrupted');
    this.name = 'Interrupted';
  }
}

/**
 * One message from wherever it stands to its end. Every write is idempotent and the final status is written last, so
 * whoever comes after a crash at any point repeats what is there and does what is missing.
 */
export async function processMessage(incoming: Incoming, ports: InvocationPorts): Promise<Outcome> {
  const { raw, delivery, tenant } = incoming;
  const first = firstDocument(incoming, await ports.raw.reference(tenant.id, raw.bytes), ports.clock.now());

  // The key is claimed and the bytes are kept at once; converting fills the wait.
  const claiming = Promise.all([
    ports.messages.create(first),
    ports.raw.put(tenant.id, first.raw, raw.bytes, delivery.enqueuedAt),
  ]);
  const interpretation = interpret(incoming, ports);
  const [created] = await claiming;
  if (created) return outcomeOf(await finish(incoming, created, interpretation, ports));

  const existing = await mustRead(first, ports);
  switch (decideFate(existing.document, first.sha256, delivery, raw.index)) {
    case 'settled':
      return outcomeOf(existing.document);
    case 'conflict':
      return recordRepetition(conflictDocument(first, incoming, ports.clock.now()), ports);
    case 'duplicate':
      return recordRepetition(duplicateDocument(first, incoming, ports.clock.now()), ports);
    case 'process': {
      const isTakenOver = delivery.isReplay && !isOwner(existing.document, delivery.origin, raw.index);
      const document = isTakenOver ? replayedDocument(first, existing.document) : existing.document;
      const finished = await finish(incoming, { ...existing, document }, interpretation, ports);
      if (isOwner(finished, delivery.origin, raw.index)) return outcomeOf(finished);
      return recordRepetition(duplicateDocument(first, incoming, ports.clock.now()), ports);
    }
  }
}

function interpret({ raw, delivery, tenant, refusal }: Incoming, ports: InvocationPorts): Interpretation {
  return refusal === undefined
    ? ports.interpret(raw, tenant, delivery)
    : { kind: 'rejected', code: refusal, findings: raw.diagnostics };
}

/** Brings a claimed message to `done` or `rejected`. */
async function finish(
  incoming: Incoming,
  started: StoredMessage,
  interpretation: Interpretation,
  ports: InvocationPorts,
): Promise<MessageDocument> {
  let stage: MessageStatus = started.document.status;
  try {
    if (interpretation.kind === 'rejected') {
      const document = rejectedDocument(started.document, interpretation, incoming, ports.clock.now());
      await Promise.all([
        ports.audit.record(outcomeEvent(document)),
        ports.outbox.reject(rejectionOf(document)),
      ]);
      return await replace(document, started, ports);
    }
    stage = 'converted';
    const { conversion, sourceTime } = interpretation;
    const { tenantId, id, enqueuedAt } = started.document;
    const bundle = await storeAttachments(conversion.bundle, tenantId, enqueuedAt, ports.raw);
    const references = await ports.fhir.storeBundle(
      { ...conversion, bundle },
      { tenantId, messageKey: id, sourceTime },
    );
    stage = 'stored';
    const document = doneDocument(started.document, interpretation, references, ports.clock.now());
    await Promise.all([
      ports.audit.record(outcomeEvent(document, references)),
      ports.outbox.publish(clinicalEventOf(document, references)),
    ]);
    return await replace(document, started, ports);
  } catch (cause) {
    if (cause instanceof MedrelayError && cause.code === 'RESOURCE_TOO_LARGE') {
      return finish(incoming, started, { kind: 'rejected', code: 'TOO_LARGE', findings: [] }, ports);
    }
    throw cause instanceof Interrupted ? cause : new Interrupted(started, stage, cause);
  }
}

/** Others may have finished the same message meanwhile, or noted that they wait; the first final status stays. */
async function replace(
  document: MessageDocument,
  { document: { status }, etag }: StoredMessage,
  ports: InvocationPorts,
): Promise<MessageDocument> {
  const replaced = await ports.messages.replace(document, etag);
  if (replaced) return replaced.document;
  const now = await mustRead(document, ports);
  return isFinal(now.document.status) && !isFinal(status)
    ? now.document
    : replace({ ...document, origin: now.document.origin, index: now.document.index }, now, ports);
}

async function recordRepetition(document: MessageDocument, ports: InvocationPorts): Promise<Outcome> {
  await Promise.all([
    ports.audit.record(outcomeEvent(document)),
    document.status === 'conflict' && ports.outbox.reject(rejectionOf(document)),
  ]);
  await ports.messages.create(document);
  return outcomeOf(document);
}

async function mustRead({ pk, id }: MessageDocument, ports: InvocationPorts): Promise<StoredMessage> {
  const stored = await ports.messages.read(pk, id);
  if (stored) return stored;
  // A 409 and then a 404: another replica answered before it had the document.
  throw new MedrelayError(
    'MESSAGE_READ_BEHIND',
    'The message document is not readable yet. It is tried again.',
  );
}
