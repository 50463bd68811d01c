import { createHash } from 'node:crypto';
import { MedrelayError } from '../../errors';
import { canonicalJson } from '../canonical';
import { asDocument, type AuditDocument } from '../document';
import { dayOf, partitionKey } from '../identity';
import { leafHash } from '../merkle';
import type { BatchLeaf, RefusedEvent } from './documents';
import type { SealPorts } from './ports';

type CheckPorts = Pick<SealPorts, 'verifyMac' | 'isTenant' | 'defaultTenant' | 'clock'>;

export type CheckedEvent = { readonly tenantId: string } & (
  { readonly leaf: BatchLeaf } | { readonly refused: RefusedEvent }
);

/** What waited longer may have been sealed before: it comes again when somebody writes a stored document anew. */
const LATE_MS = 10 * 60 * 1000;
/** A key that another instance has just made may be a moment behind on the replica that answers. */
const KEY_PAUSE_MS = 1_000;
const EVENT_ID = /^[a-z2-7]{32}$/;

/** Whether a document of `audit/events` is as this product wrote it. Its sealed fields stay sealed. */
export async function checkEvent(ports: CheckPorts, candidate: unknown, at: string): Promise<CheckedEvent> {
  const refuse = (why: RefusedEvent['why']): CheckedEvent => ({
    tenantId: claimedTenant(ports, candidate),
    refused: { id: claimedId(candidate), why },
  });
  const hash = hashOfOurs(candidate);
  if (!hash) return refuse('modified');
  const { tenantId, id, occurredAt, receivedAt, mac } = candidate as AuditDocument;
  const verdict = await macVerdict(ports, tenantId, mac, hash);
  if (verdict !== 'ok') return refuse(verdict);
  const isLate = Date.parse(at) - Date.parse(receivedAt) > LATE_MS;
  const leaf = { id, day: dayOf(occurredAt), hash: hash.toString('hex') };
  return { tenantId, leaf: isLate ? { ...leaf, since: Number(receivedAt.slice(0, 4)) } : leaf };
}

/** The leaf hash, where it is what the document says, and the document is where it belongs. */
function hashOfOurs(candidate: unknown): Buffer | undefined {
  try {
    const { pk, leafHash: stated, ...rest } = asDocument(candidate);
    const hashed = Object.fromEntries(
      Object.entries(rest).filter(([name]) => name !== 'mac' && !name.startsWith('_')),
    );
    const hash = leafHash(Buffer.from(canonicalJson(hashed), 'utf8'));
    const { tenantId, occurredAt, id } = rest;
    const isInPlace = EVENT_ID.test(id) && pk === partitionKey(tenantId, occurredAt, id);
    return isInPlace && hash.toString('hex') === stated ? hash : undefined;
  } catch (error) {
    // Not the form of an event, or not even JSON that we could have written.
    if (error instanceof MedrelayError) return undefined;
    throw error;
  }
}

async function macVerdict(
  ports: CheckPorts,
  tenantId: string,
  mac: AuditDocument['mac'],
  hash: Buffer,
): Promise<'ok' | 'forged' | 'key-unknown'> {
  for (let again = true; ; again = false) {
    try {
      return (await ports.verifyMac(tenantId, mac, hash)) ? 'ok' : 'forged';
    } catch (error) {
      if (!(error instanceof MedrelayError) || error.code !== 'KEY_UNKNOWN') throw error;
      if (!again) return 'key-unknown';
      await ports.clock.sleep(KEY_PAUSE_MS);
    }
  }
}

function claimedTenant({ isTenant, defaultTenant }: CheckPorts, candidate: unknown): string {
  const claimed = member(candidate, 'tenantId');
  return typeof claimed === 'string' && isTenant(claimed) ? claimed : defaultTenant;
}

function claimedId(candidate: unknown): string {
  const claimed = String(member(candidate, 'id'));
  if (EVENT_ID.test(claimed)) return claimed;
  return `sha256-${createHash('sha256').update(claimed).digest('hex').slice(0, 32)}`;
}

function member(candidate: unknown, name: string): unknown {
  return typeof candidate === 'object' && candidate !== null
    ? (candidate as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
