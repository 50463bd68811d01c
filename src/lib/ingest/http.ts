import {
  acknowledgementCode,
  buildAck,
  buildBatchAck,
  checkHeader,
  readRawHeader,
  rejections,
  type RejectionCode,
} from '../hl7';
import { allowsSender } from '../tenants';
import { resolveTenant } from './context';
import { failureKind } from './failures';
import { sha256 } from './identity';
import { messagesIn, type Found } from './messages-in';
import type { IngestPorts } from './ports';
import { send } from './send';

export interface HttpAnswer {
  /**
   * 200: at least one message is queued; 204: and no sender asks for an answer. 400: none is acceptable. 503: the
   * broker is away, send again.
   */
  readonly status: 200 | 204 | 400 | 503;
  /** HL7 acknowledgement: one MSA per message that asks for one. AA and CA mean queued, not yet stored. */
  readonly ack: string;
}

/**
 * What a sender over HTTP is told at once: framing, MSH, tenant and sender are checked, then the broker has it. What
 * is wrong inside a message shows later, in its document and in `hl7-rejected`.
 */
export async function receiveHttp(
  bytes: Uint8Array,
  tenantId: string | undefined,
  ports: IngestPorts,
): Promise<HttpAnswer> {
  const checked = messagesIn(bytes).map((found) => ({ found, problem: problemOf(found, tenantId, ports) }));
  const good = checked.filter(({ problem }) => problem === undefined);
  let isQueued = true;
  try {
    // Whole where all of it is good: one broker message keeps the order of a batch.
    const bodies = good.length === checked.length ? [bytes] : good.map(({ found }) => found.raw.bytes);
    for (const body of bodies) await send(body, tenantId === undefined ? {} : { tenant: tenantId }, ports);
  } catch (error) {
    if (failureKind(error) !== 'passing') throw error;
    isQueued = false;
  }
  const now = ports.clock.now();
  const acks = checked.flatMap(({ found, problem }) => ackOf(found, problem, isQueued, now) ?? []);
  const answer =
    checked.length === 1 || acks.length === 0
      ? acks
      : batchAck(acks, checked[0]?.found, controlIdOf(bytes), now);
  return { status: statusOf({ good: good.length, isQueued, acks: acks.length }), ack: answer.join('') };
}

export function statusOf(count: { good: number; isQueued: boolean; acks: number }): HttpAnswer['status'] {
  if (count.good === 0) return 400;
  if (!count.isQueued) return 503;
  return count.acks === 0 ? 204 : 200;
}

/** In pieces, as the answer to a long batch is long. */
export function batchAck(
  acks: readonly string[],
  first: Found | undefined,
  controlId: string,
  now: Date,
): readonly string[] {
  const header = first && readRawHeader(first.raw)?.header;
  return buildBatchAck({ acks, controlId, now, ...us, ...(header && { header }) });
}

/**
 * The answer of a door that cannot hand the message over: it is too large to be kept, so that only its beginning is
 * given here, or something failed. Empty where the sender wants to hear nothing.
 */
export function refusal(bytes: Uint8Array, code: 'TOO_LARGE' | 'NOT_TAKEN', now: Date): string {
  const raw = { index: 0, bytes, text: '', charset: '', diagnostics: [] };
  return ackOf({ raw }, code === 'NOT_TAKEN' ? undefined : code, false, now) ?? '';
}

const us = { application: 'MEDRELAY' };

const controlIdOf = (bytes: Uint8Array): string => sha256(bytes).slice(0, 20);

export function problemOf(
  { raw, refusal }: Found,
  tenantId: string | undefined,
  ports: IngestPorts,
): RejectionCode | undefined {
  const context = resolveTenant(tenantId, ports);
  const problem = context.refusal ?? refusal ?? raw.problem;
  if (problem !== undefined) return problem;
  const header = readRawHeader(raw)?.header;
  if (header === undefined) return 'MSH_INVALID';
  return checkHeader(header) ?? (allowsSender(context.tenant, header) ? undefined : 'SENDER_NOT_ALLOWED');
}

export function ackOf(
  { raw }: Found,
  problem: RejectionCode | undefined,
  isQueued: boolean,
  now: Date,
): string | undefined {
  const read = readRawHeader(raw);
  const verdict = problem !== undefined ? rejections[problem].ack : isQueued ? 'AA' : 'AE';
  const code = acknowledgementCode(read?.header, verdict);
  const reason = problem ?? (isQueued ? undefined : 'NOT_TAKEN');
  return (
    code &&
    buildAck({
      ...read,
      ...us,
      controlId: controlIdOf(raw.bytes),
      now,
      code,
      errors: reason === undefined ? [] : [{ code: reason }],
    })
  );
}
