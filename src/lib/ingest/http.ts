import { buildAck, buildBatchAck, checkHeader, readRawHeader, rejections, type RejectionCode } from '../hl7';
import { allowsSender } from '../tenants';
import { resolveTenant } from './context';
import { failureKind } from './failures';
import { sha256 } from './identity';
import { messagesIn, type Found } from './messages-in';
import type { IngestPorts } from './ports';
import { send } from './send';

export interface HttpAnswer {
  /** 200: at least one message is queued. 400: none is acceptable. 503: the broker is away, send again. */
  readonly status: 200 | 400 | 503;
  /** HL7 acknowledgement: one MSA per message. AA means queued, not yet stored. */
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
  const acks = checked.map(({ found, problem }) => ackOf(found, problem, isQueued, now));
  const header = checked[0] && readRawHeader(checked[0].found.raw)?.header;
  const [ack = '', ...others] = acks;
  return {
    status: good.length === 0 ? 400 : isQueued ? 200 : 503,
    ack:
      others.length === 0
        ? ack
        : buildBatchAck({ acks, controlId: controlIdOf(bytes), now, ...us, ...(header && { header }) }),
  };
}

const us = { application: 'MEDRELAY' };

const controlIdOf = (bytes: Uint8Array): string => sha256(bytes).slice(0, 20);

function problemOf(
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

function ackOf({ raw }: Found, problem: RejectionCode | undefined, isQueued: boolean, now: Date): string {
  return buildAck({
    ...readRawHeader(raw),
    ...us,
    controlId: controlIdOf(raw.bytes),
    now,
    // AE without an error segment: nothing is wrong with the message, it could not be taken now.
    code: problem !== undefined ? rejections[problem].ack : isQueued ? 'AA' : 'AE',
    errors: problem === undefined ? [] : [{ code: problem }],
  });
}
