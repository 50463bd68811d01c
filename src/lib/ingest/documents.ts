import { buildAck, readRawHeader, rejections, type MessageHeader, type RejectionCode } from '../hl7';
import { maxReferences } from './clinical-event';
import { identify, partitionOf, repetitionId } from './identity';
import type { Interpretation, RejectedMessage } from './ports';
import type { Incoming } from './process-message';
import type { Finding, MessageDocument, Outcome, RawReference } from './types';

/** A longer list helps nobody; the raw message can be converted again to see all. */
const maxFindings = 200;

export function firstDocument(incoming: Incoming, raw: RawReference, now: Date): MessageDocument {
  const { delivery, tenant, claimedTenant } = incoming;
  const header = readRawHeader(incoming.raw)?.header;
  // A colon is in no tenant's id, so what an unknown tenant sends never meets a real tenant's message.
  const scope = claimedTenant === undefined ? tenant.id : `unknown:${claimedTenant}`;
  const { key, id } = identify(scope, header, raw.sha256, delivery.editedFrom);
  return {
    id,
    pk: partitionOf(tenant.id, id),
    tenantId: tenant.id,
    key,
    status: 'received',
    origin: delivery.origin,
    index: incoming.raw.index,
    enqueuedAt: delivery.enqueuedAt,
    receivedAt: now.toISOString(),
    sha256: raw.sha256,
    raw,
    ...(incoming.raw.charset !== '' && { charset: incoming.raw.charset }),
    ...(header && routing(header)),
    ...(claimedTenant !== undefined && { claimedTenant }),
    ...(delivery.editedFrom !== undefined && { editedFrom: delivery.editedFrom }),
  };
}

function routing(header: MessageHeader): Pick<MessageDocument, 'controlId' | 'event' | 'sender'> {
  return {
    controlId: header.controlId,
    event: header.triggerEvent === '' ? header.messageCode : `${header.messageCode}^${header.triggerEvent}`,
    sender: { application: header.sendingApplication, facility: header.sendingFacility },
  };
}

/** A rejected message starts over: what it came to before stays in its history. */
export function replayedDocument(first: MessageDocument, previous: MessageDocument): MessageDocument {
  const { status, code, origin, finishedAt } = previous;
  const outcome = {
    status,
    origin,
    ...(code !== undefined && { code }),
    ...(finishedAt !== undefined && { finishedAt }),
  };
  return { ...first, receivedAt: previous.receivedAt, history: [...(previous.history ?? []), outcome] };
}

export function rejectedDocument(
  started: MessageDocument,
  { code, location, findings }: Extract<Interpretation, { kind: 'rejected' }>,
  incoming: Incoming,
  now: Date,
): MessageDocument {
  return {
    ...started,
    waiting: undefined,
    status: 'rejected',
    finishedAt: now.toISOString(),
    code,
    ...(location !== undefined && { location }),
    ack: ackOf(started, code, location, incoming),
    diagnostics: firstOf(findings),
  };
}

export function doneDocument(
  started: MessageDocument,
  { conversion, sourceTime, profile }: Extract<Interpretation, { kind: 'converted' }>,
  references: readonly string[],
  now: Date,
): MessageDocument {
  const { carried, kept, unknown } = conversion.ledger;
  return {
    ...started,
    waiting: undefined,
    status: 'done',
    finishedAt: now.toISOString(),
    sourceTime,
    profile,
    ledger: { carried, kept, unknown },
    diagnostics: firstOf(conversion.diagnostics),
    resources: references.slice(0, maxReferences),
    resourceCount: references.length,
  };
}

export function duplicateDocument(first: MessageDocument, incoming: Incoming, now: Date): MessageDocument {
  return {
    ...first,
    id: repetitionId(first.id, incoming.delivery.origin, incoming.raw.index),
    status: 'duplicate',
    finishedAt: now.toISOString(),
  };
}

export function conflictDocument(first: MessageDocument, incoming: Incoming, now: Date): MessageDocument {
  const document = duplicateDocument(first, incoming, now);
  const code = 'CONTROL_ID_REUSED';
  return {
    ...document,
    status: 'conflict',
    code,
    location: 'MSH[1]-10',
    ack: ackOf(document, code, 'MSH[1]-10', incoming),
  };
}

export function rejectionOf(document: MessageDocument): RejectedMessage {
  const { id, pk, tenantId, origin, raw, code = 'CONVERSION_FAILED', ack = '', history } = document;
  return {
    messageId: history === undefined ? id : repetitionId(id, origin, document.index),
    id,
    pk,
    tenantId,
    code,
    ack,
    raw,
  };
}

export const outcomeOf = ({ id, index, status, code }: MessageDocument): Outcome => ({
  id,
  index,
  status,
  ...(code !== undefined && { code }),
});

/** Stamped with the broker's time and named by the document, so that a redelivery answers with the same bytes. */
function ackOf(
  { id, enqueuedAt }: MessageDocument,
  code: RejectionCode,
  location: string | undefined,
  { raw }: Incoming,
): string {
  return buildAck({
    ...readRawHeader(raw),
    application: 'MEDRELAY',
    // MSH-10 holds 20 characters up to v2.6.
    controlId: id.replace(/[^0-9a-f]/g, '').slice(0, 20),
    now: new Date(enqueuedAt),
    code: rejections[code].ack,
    errors: [{ code, ...(location !== undefined && { location }) }],
  });
}

function firstOf(findings: readonly Finding[]): Finding[] {
  return findings.slice(0, maxFindings).map(({ severity, code, location }) => ({
    severity,
    code,
    ...(location !== undefined && { location }),
  }));
}
