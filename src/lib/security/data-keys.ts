import { randomBytes } from 'node:crypto';
import { MedrelayError } from '../errors';
import { TENANT_ID } from './tenant-id';
import type { DataKeyStore, KeyWrap } from './ports';

/** One key per class, so that a key which opens raw messages does not open audit details. */
export type DataClass = 'phi' | 'raw' | 'mac';

export interface DataKey {
  readonly kid: string;
  readonly key: Buffer;
}

export interface DataKeys {
  /** The key of the month of `at`, made at first use. */
  forWriting(tenantId: string, dataClass: DataClass, at: string): Promise<DataKey>;
  forReading(tenantId: string, kid: string): Promise<DataKey>;
}

/** An unwrapped key lives in memory for at most this long; a revoked key-encryption key bites after it. */
const CACHE_MS = 60 * 60 * 1000;

const KID = /^([a-z0-9][a-z0-9-]{0,62})\/((?:phi|raw|mac)-\d{6})$/;

/**
 * Envelope encryption: data keys per tenant, class and calendar month, stored wrapped. The month comes from the
 * datum, not from the clock, so a redelivery meets the same key. A month of one tenant stays far below the 2^32
 * random IVs that NIST SP 800-38D (section 8.3) allows one key.
 */
export function createDataKeys(keyWrap: KeyWrap, store: DataKeyStore, now: () => number): DataKeys {
  const cache = new Map<string, { key: Promise<DataKey>; until: number }>();

  function cached(kid: string, load: () => Promise<DataKey>): Promise<DataKey> {
    const hit = cache.get(kid);
    if (hit && hit.until > now()) return hit.key;
    for (const [name, entry] of cache) if (entry.until <= now()) cache.delete(name);
    const key = load();
    const entry = { key, until: now() + CACHE_MS };
    cache.set(kid, entry);
    // A failure must not be remembered: the store may be back a second later.
    void key.catch(() => cache.get(kid) === entry && cache.delete(kid));
    return key;
  }

  async function create(tenantId: string, id: string): Promise<DataKey> {
    const existing = await store.read(tenantId, id);
    if (existing) return unwrapped(tenantId, existing);
    const { keyId, wrapped } = await keyWrap.wrap(randomBytes(32));
    // Another instance may be faster; whoever is stored is the key, so what comes back is unwrapped, not ours.
    const stored = await store.createIfAbsent(tenantId, {
      id,
      keyId,
      wrapped: Buffer.from(wrapped).toString('base64'),
    });
    return unwrapped(tenantId, stored);
  }

  async function unwrapped(
    tenantId: string,
    stored: { id: string; keyId: string; wrapped: string },
  ): Promise<DataKey> {
    const key = Buffer.from(await keyWrap.unwrap(stored.keyId, Buffer.from(stored.wrapped, 'base64')));
    return { kid: `${tenantId}/${stored.id}`, key };
  }

  return {
    async forWriting(tenantId, dataClass, at) {
      if (!TENANT_ID.test(tenantId))
        throw new MedrelayError('TENANT_INVALID', 'The tenant id is not a valid one.');
      const id = `${dataClass}-${monthOf(at)}`;
      return cached(`${tenantId}/${id}`, () => create(tenantId, id));
    },
    async forReading(tenantId, kid) {
      const [, owner, id] = KID.exec(kid) ?? [];
      if (id === undefined || owner !== tenantId) {
        throw new MedrelayError('KEY_UNKNOWN', 'The data names a key that does not belong to this tenant.');
      }
      return cached(kid, async () => {
        const stored = await store.read(tenantId, id);
        if (stored) return unwrapped(tenantId, stored);
        throw new MedrelayError(
          'KEY_UNKNOWN',
          `The data key ${kid} is not in the key store. Restore database audit.`,
        );
      });
    },
  };
}

function monthOf(at: string): string {
  const time = Date.parse(at);
  if (Number.isNaN(time))
    throw new MedrelayError('INSTANT_INVALID', 'The instant that selects a data key is not ISO 8601.');
  const date = new Date(time);
  return `${String(date.getUTCFullYear()).padStart(4, '0')}${String(date.getUTCMonth() + 1).padStart(2, '0')}`;
}
