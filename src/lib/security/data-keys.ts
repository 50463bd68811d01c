import { randomBytes } from 'node:crypto';
import { MedrelayError } from '../errors';
import { KeyCache } from './key-cache';
import type { DataKeyStore, KeyWrap, WrappedKey } from './ports';
import type { Ready } from './ready';
import { TENANT_ID } from './tenant-id';

/** What fields are sealed as. */
export type FieldClass = 'phi' | 'pii' | 'financial';

/**
 * One key per class, so that a key which opens raw messages does not open audit details, and none serves two purposes:
 * `mac` authenticates, `index` makes blind indexes and names, `subject` wraps the secrets of data subjects.
 */
export type DataClass = FieldClass | 'raw' | 'mac' | 'index' | 'subject';

export interface DataKey {
  readonly kid: string;
  readonly key: Buffer;
}

export interface DataKeys {
  /** The key of the month of `at`, made at first use. No promise when it is cached. */
  forWriting(tenantId: string, dataClass: DataClass, at: string): Ready<DataKey>;
  forReading(tenantId: string, kid: string): Ready<DataKey>;
}

/** An unwrapped key lives in memory for at most this long; a revoked key-encryption key bites after it. */
const CACHE_MS = 60 * 60 * 1000;
const CACHE_SIZE = 10_000;

const KID = /^([a-z0-9][a-z0-9-]{0,62})\/((?:phi|pii|financial|raw|mac|index|subject)-\d{6})$/;

/**
 * What is searched must be found in every month, so the index key has one epoch: with a key per month, a search would
 * have to ask once per month of history, and a document indexed twice would look like two. Its wrapping rotates like
 * any other key's.
 */
const INDEX_EPOCH = '000000';

/**
 * Envelope encryption: data keys per tenant, class and calendar month, stored wrapped. The month comes from the
 * datum, not from the clock, so a redelivery meets the same key. A month of one tenant stays far below the 2^32
 * random IVs that NIST SP 800-38D (section 8.3) allows one key.
 */
export function createDataKeys(keyWrap: KeyWrap, store: DataKeyStore, now: () => number): DataKeys {
  const cache = new KeyCache<DataKey>(CACHE_MS, CACHE_SIZE, now);

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

  async function read(tenantId: string, id: string, kid: string): Promise<DataKey> {
    const stored = await store.read(tenantId, id);
    if (stored) return unwrapped(tenantId, stored);
    throw new MedrelayError(
      'KEY_UNKNOWN',
      `The data key ${kid} is not in the key store. Restore database audit.`,
    );
  }

  async function unwrapped(tenantId: string, { id, keyId, wrapped }: WrappedKey): Promise<DataKey> {
    const key = Buffer.from(await keyWrap.unwrap(keyId, Buffer.from(wrapped, 'base64')));
    return { kid: `${tenantId}/${id}`, key };
  }

  return {
    forWriting(tenantId, dataClass, at) {
      const month = dataClass === 'index' ? INDEX_EPOCH : monthOf(at);
      if (!TENANT_ID.test(tenantId)) return Promise.reject(invalidTenant());
      if (month === undefined) return Promise.reject(invalidInstant());
      const id = `${dataClass}-${month}`;
      return cache.get(`${tenantId}/${id}`, () => create(tenantId, id));
    },
    forReading(tenantId, kid) {
      const [, owner, id] = KID.exec(kid) ?? [];
      if (id === undefined || owner !== tenantId) return Promise.reject(foreignKey());
      return cache.get(kid, () => read(tenantId, id, kid));
    },
  };
}

/** The class in a `kid`: before the month, or before the dot of a subject's key. */
export const classOf = (kid: string): string => /\/([a-z]+)[-.]/.exec(kid)?.[1] ?? '';

/** The form that this product writes; its month is read off. */
const UTC_INSTANT = /^\d{4}-(?:0[1-9]|1[0-2])-\d\dT[\d:.]{8,}Z$/;

function monthOf(at: string): string | undefined {
  if (UTC_INSTANT.test(at)) return at.slice(0, 4) + at.slice(5, 7);
  const time = Date.parse(at);
  if (Number.isNaN(time)) return undefined;
  const date = new Date(time);
  return `${String(date.getUTCFullYear()).padStart(4, '0')}${String(date.getUTCMonth() + 1).padStart(2, '0')}`;
}

export const foreignKey = (): MedrelayError =>
  new MedrelayError('KEY_UNKNOWN', 'The data names a key that does not belong to this tenant.');

export const invalidTenant = (): MedrelayError =>
  new MedrelayError('TENANT_INVALID', 'The tenant id is not a valid one.');

const invalidInstant = (): MedrelayError =>
  new MedrelayError('INSTANT_INVALID', 'The instant that selects a data key is not ISO 8601.');
