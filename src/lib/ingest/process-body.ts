import { MedrelayError } from '../errors';
import type { RejectionCode } from '../hl7';
import type { Tenant } from '../tenants';
import { decodeBody, type ClaimCheck } from './body';
import { messagesIn, messagesOf, unreadable, type Found } from './messages-in';
import type { IngestPorts } from './ports';
import { resolveTenant, type Context } from './context';
import { patient } from './patience';
import { Interrupted, processMessage, type Incoming } from './process-message';
import { retryMessage } from './queue-message';
import type { Delivery, Outcome } from './types';

export interface BodyResult {
  readonly outcomes: readonly Outcome[];
  /** Set when the rest of the body was sent again for later. */
  readonly retry?: { readonly at: string; readonly code: string };
}

/** Larger claims are refused before anything is read. */
const maxBodyBytes = 64 * 1024 * 1024;

/**
 * The main job: a queue body in, every message in it stored, audited and acknowledged, or refused. Resolves when
 * nothing of the body is open any more: what the store could not take now has been sent again for later. Throws only
 * when even that fails, and then the broker still has the message.
 */
export async function processBody(
  body: Uint8Array,
  delivery: Delivery,
  ports: IngestPorts,
): Promise<BodyResult> {
  const outcomes: Outcome[] = [];
  const patientPorts = patient(ports);
  try {
    const context = resolveTenant(delivery.tenantId, ports);
    // In order: a batch often holds several messages of one patient.
    for (const { raw, refusal } of await readMessages(body, delivery, context, patientPorts)) {
      const incoming: Incoming = { ...context, ...(refusal !== undefined && { refusal }), raw, delivery };
      outcomes.push(await processMessage(incoming, patientPorts));
    }
    return { outcomes };
  } catch (error) {
    const cause = error instanceof Interrupted ? error.cause : error;
    if (!ports.isTransient(cause)) throw cause;
    const retry = await sendLater(body, delivery, cause, ports);
    if (error instanceof Interrupted) await noteWaiting(error, delivery, retry, ports);
    return { outcomes, retry };
  }
}

async function readMessages(
  body: Uint8Array,
  delivery: Delivery,
  { tenant }: Context,
  ports: IngestPorts,
): Promise<readonly Found[]> {
  const decoded = decodeBody(body, delivery.bodyKind);
  if (decoded.kind !== 'claim-check') return messagesOf(decoded, body, delivery.charset);
  const bytes = await readClaim(decoded.check, tenant, ports);
  if (typeof bytes === 'string') return [unreadable(body, bytes)];
  return messagesIn(bytes, delivery.charset);
}

async function readClaim(
  check: ClaimCheck,
  tenant: Tenant,
  ports: IngestPorts,
): Promise<Uint8Array | RejectionCode> {
  if (check.length > maxBodyBytes) return 'TOO_LARGE';
  // A claim reaches its own tenant's blobs only.
  if (!check.blob.startsWith(`${tenant.id}/`)) return 'CLAIM_CHECK_INVALID';
  return (await ports.raw.get(tenant.id, check)) ?? 'CLAIM_CHECK_INVALID';
}

type Retry = NonNullable<BodyResult['retry']>;

/** A scheduled copy of the message takes over. Where even that fails the error goes to the broker, which still has it. */
async function sendLater(
  body: Uint8Array,
  delivery: Delivery,
  cause: unknown,
  ports: IngestPorts,
): Promise<Retry> {
  const { clock, retryDelaysSeconds } = ports;
  const delay = retryDelaysSeconds[delivery.attempt] ?? retryDelaysSeconds.at(-1) ?? 60;
  const at = new Date(clock.now().getTime() + delay * 1000);
  // A budget of its own: the store's trouble has used up the other.
  const patientPorts = patient(ports);
  const message = await retryMessage(body, delivery, at, { ...ports, raw: patientPorts.raw });
  await patientPorts.outbox.enqueue([message]);
  return { at: at.toISOString(), code: cause instanceof MedrelayError ? cause.code : 'SERVICE_UNAVAILABLE' };
}

/** For people who look meanwhile. The retry does not depend on it, so a store that is still away loses nothing. */
async function noteWaiting(
  { stored, stage }: Interrupted,
  { attempt }: Delivery,
  { at, code }: Retry,
  { messages }: IngestPorts,
): Promise<void> {
  const waiting = { attempt: attempt + 1, until: at, code };
  try {
    await messages.replace({ ...stored.document, status: stage, waiting }, stored.etag);
  } catch {
    // Best effort, as said above.
  }
}
