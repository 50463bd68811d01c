import type { RejectionCode } from '../hl7';
import type { Tenant } from '../tenants';
import { decodeBody, type ClaimCheck } from './body';
import { failureKind, failureOf, isBounded, mayPassSoon, type Failure } from './failures';
import { messagesIn, messagesOf, unreadable, type Found } from './messages-in';
import type { IngestPorts, InvocationPorts } from './ports';
import { resolveTenant, type Context } from './context';
import { patient } from './patience';
import { Interrupted, processMessage, type Incoming } from './process-message';
import { retryMessage } from './queue-message';
import { createRoom } from './room';
import type { Delivery, Outcome } from './types';

export interface BodyResult {
  readonly outcomes: readonly Outcome[];
  /** Set when the rest of the body was sent again for later, and why. */
  readonly retry?: Failure & { readonly at: string };
}

/** Larger claims are refused before anything is read. */
const maxBodyBytes = 64 * 1024 * 1024;
/** After 1, 5, 15, 60 and 60 minutes with the default delays; then it is a dead letter. */
const maxUnexplained = 5;
/**
 * Bytes of the messages that are worked on at a time, in the whole process. A message with its Bundle, its documents and
 * their requests takes some 200 times its own bytes: sixteen of 88 KB at a time took the process to 499 MB, in this room
 * to 231 MB (measured).
 */
const inRoom = createRoom(128 * 1024);

/**
 * The main job: a queue body in, every message in it stored, audited and acknowledged, or refused. Resolves when
 * nothing of the body is open any more: what could not be done now has been sent again for later. Throws only when
 * even that fails, or when nobody knows why it has failed so often; then the broker still has the message.
 */
export async function processBody(
  body: Uint8Array,
  delivery: Delivery,
  ports: IngestPorts,
): Promise<BodyResult> {
  const outcomes: Outcome[] = [];
  const failures: unknown[] = [];
  await processEach(body, delivery, patient(ports), outcomes, failures);
  if (failures.length === 0) return { outcomes };
  // Whatever concerns everybody came last: nothing was tried after it.
  const cause = causeOf(failures.at(-1));
  const failure = failureOf(cause);
  if (isBounded(failure.kind) && (delivery.unexplained?.times ?? 0) >= maxUnexplained) throw cause;
  const retry = await sendLater(body, delivery, failure, ports);
  for (const each of failures) {
    if (each instanceof Interrupted) await noteWaiting(each, delivery, retry, ports);
  }
  return { outcomes, retry };
}

/** A failure without a known reason may be one message's own; any other will meet the next message as well. */
async function processEach(
  body: Uint8Array,
  delivery: Delivery,
  ports: InvocationPorts,
  outcomes: Outcome[],
  failures: unknown[],
): Promise<void> {
  try {
    const context = resolveTenant(delivery.tenantId, ports);
    // In order: a batch often holds several messages of one patient.
    for (const { raw, refusal } of await readMessages(body, delivery, context, ports)) {
      const incoming: Incoming = { ...context, ...(refusal !== undefined && { refusal }), raw, delivery };
      try {
        outcomes.push(await inRoom(raw.bytes.length, () => processMessage(incoming, ports)));
      } catch (error) {
        if (!isBounded(failureKind(causeOf(error)))) throw error;
        failures.push(error);
      }
    }
  } catch (error) {
    failures.push(error);
  }
}

const causeOf = (error: unknown): unknown => (error instanceof Interrupted ? error.cause : error);

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

/** Per delivery; ten of them then last ten minutes. Below the ten minutes that a function may take. */
const holdMilliseconds = 60_000;

/** A scheduled copy of the message takes over. Where even that fails the error goes to the broker, which still has it. */
async function sendLater(
  body: Uint8Array,
  delivery: Delivery,
  failure: Failure,
  ports: IngestPorts,
): Promise<Retry> {
  const { clock, retryDelaysSeconds } = ports;
  const { attempt, unexplained } = delivery;
  const times = unexplained?.times ?? 0;
  const counted = isBounded(failure.kind)
    ? { wait: times, unexplained: { times: times + 1, code: failure.code } }
    : { wait: attempt, unexplained };
  const delay = retryDelaysSeconds[counted.wait] ?? retryDelaysSeconds.at(-1) ?? 60;
  const at = new Date(clock.now().getTime() + delay * 1000);
  // A budget of its own: the store's trouble has used up the other.
  const { raw, outbox } = patient(ports);
  try {
    const again = { ...delivery, unexplained: counted.unexplained };
    await outbox.enqueue(await retryMessage(body, again, at, { ...ports, raw }));
  } catch (error) {
    // The host gives it back and gets it at once, ten times. Where patience was of no use, this slows it down.
    if (!mayPassSoon(failureKind(error))) await clock.sleep(holdMilliseconds);
    throw error;
  }
  return { ...failure, at: at.toISOString() };
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
