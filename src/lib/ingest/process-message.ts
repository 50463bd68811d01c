import { MedrelayError } from '../errors';
import type { RawMessage, RejectionCode } from '../hl7';
import type { Tenant } from '../tenants';
import { storeAttachments } from './attachments';
import { outcomeEvent } from './audit-events';
import { clinicalEventOf } from './clinical-event';
import { decideFate, isOwner, type Fate } from './decide';
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
import { useId } from './identity';
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
    claim(first, incoming, ports),
    ports.raw.put(tenant.id, first.raw, raw.bytes, delivery.enqueuedAt),
  ]);
  const interpretation = interpret(incoming, ports);
  const [{ own, stored, fate }] = await claiming;

  switch (fate) {
    case 'created':
      return outcomeOf(await finish(incoming, stored, interpretation, ports));
    case 'settled':
      return outcomeOf(stored.document);
    case 'conflict':
      return recordRepetition(conflictDocument(own, incoming, ports.clock.now()), ports);
    case 'duplicate':
      return recordRepetition(duplicateDocument(own, incoming, ports.clock.now()), ports);
    case 'process': {
      const isTakenOver = delivery.isReplay && !isOwner(stored.document, delivery.origin, raw.index);
      const document = isTakenOver ? replayedDocument(own, stored.document) : stored.document;
      const finished = await finish(incoming, { ...stored, document }, interpretation, ports);
      if (isOwner(finished, delivery.origin, raw.index)) return outcomeOf(finished);
      return recordRepetition(duplicateDocument(own, incoming, ports.clock.now()), ports);
    }
  }
}

interface Claim {
  /** As this message would be written. */
  readonly own: MessageDocument;
  readonly stored: StoredMessage;
  readonly fate: Exclude<Fate, 'reused'> | 'created';
}

/** The message's place: a new document, or the one that has its control id. */
async function claim(first: MessageDocument, incoming: Incoming, ports: InvocationPorts): Promise<Claim> {
  const { raw, delivery, tenant } = incoming;
  for (let use = 1; ; use++) {
    const own = { ...first, id: useId(first.id, use) };
    const created = await ports.messages.create(own);
    if (created) return { own, stored: created, fate: 'created' };
    const stored = await mustRead(own, ports);
    const days = first.sender && ports.profileOf(tenant.id, first.sender).controlIdReuseDays;
    const fate = decideFate(stored.document, first.sha256, delivery, raw.index, days);
    if (fate !== 'reused') return { own, stored, fate };
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
