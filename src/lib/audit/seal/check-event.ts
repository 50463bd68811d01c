import { createHash } from 'node:crypto';
import { MedrelayError } from '../../errors';
import { TENANT_ID } from '../../security';
import { canonicalJson } from '../canonical';
import { asDocument, type AuditDocument } from '../document';
import { dayOf, partitionKey } from '../identity';
import { leafHash } from '../merkle';
import type { BatchLeaf, RefusedEvent, TenantBatch } from './documents';
import type { SealPorts } from './ports';

type TenantPorts = Pick<SealPorts, 'isTenant' | 'defaultTenant'>;

export type CheckedEvent = { readonly tenantId: string } & (
  { readonly leaf: BatchLeaf } | { readonly refused: RefusedEvent }
);

/** What waited longer may have been sealed before: it comes again when somebody writes a stored document anew. */
const LATE_MS = 10 * 60 * 1000;
/** A key that another instance has just made may be a moment behind on the replica that answers. */
const KEY_PAUSE_MS = 1_000;
const EVENT_ID = /^[a-z2-7]{32}$/;
const DAY = /^\d{8}$/;
const KEY_ID = /^[a-z0-9-]{1,63}\/[a-z0-9-]{1,20}$/;
const MAC = /^[A-Za-z0-9+/]{43}=$/;

/**
 * Whether a document of `audit/events` is one of ours by its form: unchanged since its own hash, and in its place. Its MAC
 * is checked when it is sealed, so that a tenant whose key does not open keeps no other one waiting.
 */
export function checkEvent(ports: TenantPorts, candidate: unknown, at: string): CheckedEvent {
  const refuse = (why: RefusedEvent['why']): CheckedEvent => ({
    tenantId: claimedTenant(ports, candidate),
    refused: { id: claimedId(candidate), why },
  });
  const hash = hashOfOurs(candidate);
  if (!hash) return refuse('modified');
  const { tenantId, id, occurredAt, receivedAt, mac } = candidate as AuditDocument;
  if (!TENANT_ID.test(tenantId) || !KEY_ID.test(mac.kid) || !MAC.test(mac.val)) return refuse('forged');
  const day = dayOf(occurredAt);
  if (!DAY.test(day)) return refuse('modified');
  const isLate = Date.parse(at) - Date.parse(receivedAt) > LATE_MS;
  const leaf = { id, day, hash: hash.toString('hex'), mac: { kid: mac.kid, val: mac.val } };
  return { tenantId, leaf: isLate ? { ...leaf, since: Number(receivedAt.slice(0, 4)) } : leaf };
}

/**
 * The leaves of a tenant's part whose MACs are right. A batch is only a document of the store: whoever can write there
 * must not have signed what he likes.
 */
export async function provenLeaves(
  ports: Pick<SealPorts, 'verifyMac' | 'clock'>,
  { id: tenantId, leaves, refused = [] }: TenantBatch,
): Promise<{ readonly leaves: readonly BatchLeaf[]; readonly refused: readonly RefusedEvent[] }> {
  const verdicts = await Promise.all(leaves.map((leaf) => macVerdict(ports, tenantId, leaf)));
  const wrong = leaves.flatMap(({ id }, n) => {
    const why = verdicts[n] ?? 'forged';
    return why === 'ok' ? [] : [{ id, why }];
  });
  return { leaves: leaves.filter((_, n) => verdicts[n] === 'ok'), refused: [...refused, ...wrong] };
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
  { verifyMac, clock }: Pick<SealPorts, 'verifyMac' | 'clock'>,
  tenantId: string,
  { mac, hash }: BatchLeaf,
): Promise<'ok' | 'forged' | 'key-unknown'> {
  for (let again = true; ; again = false) {
    try {
      return (await verifyMac(tenantId, mac, Buffer.from(hash, 'hex'))) ? 'ok' : 'forged';
    } catch (error) {
      if (!(error instanceof MedrelayError) || error.code !== 'KEY_UNKNOWN') throw error;
      if (!again) return 'key-unknown';
      await clock.sleep(KEY_PAUSE_MS);
    }
  }
}

function claimedTenant({ isTenant, defaultTenant }: TenantPorts, candidate: unknown): string {
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
