import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { MedrelayError } from '../errors';
import { decrypt, encrypt, freshIv, TAG_BYTES, type Encrypted } from './aead';
import { foreignKey, invalidTenant, type DataKey, type DataKeys, type FieldClass } from './data-keys';
import { KeyCache } from './key-cache';
import { lengthPrefixed } from './length-prefixed';
import type { DataKeyStore, WrappedKey } from './ports';
import { whenReady, type Ready } from './ready';
import { TENANT_ID } from './tenant-id';

export interface SubjectKeys {
  /** The key for a class of fields about one person, whose secret is made at first use. */
  forWriting(tenantId: string, subject: string, dataClass: FieldClass, at: string): Ready<DataKey>;
  /** @throws MedrelayError SHREDDED once the person's secret is destroyed. */
  forReading(tenantId: string, kid: string): Ready<DataKey>;
}

/** A destroyed secret goes on working in other processes for at most this long. */
const SUBJECT_CACHE_MS = 5 * 60 * 1000;
const CACHE_SIZE = 10_000;

const KID = /^([a-z0-9][a-z0-9-]{0,62})\/(phi|pii|financial)\.([0-9a-f]{40})$/;

/**
 * Everything sealed about one person opens with keys that are derived (HKDF, RFC 5869) from one secret of 32 random
 * bytes. Destroying that secret makes all of it unreadable at once, wherever copies are, while hashes and proofs over
 * the ciphertext stay valid. The secret is wrapped under a data key of the tenant and not in Key Vault: a vault
 * answers some hundred requests a second, and a hospital has millions of patients.
 */
export function createSubjectKeys(keys: DataKeys, store: DataKeyStore, now: () => number): SubjectKeys {
  const cache = new KeyCache<DataKey>(SUBJECT_CACHE_MS, CACHE_SIZE, now);

  async function secretOf(tenantId: string, subject: string, at: string): Promise<Buffer | undefined> {
    const id = subjectId(tenantId, subject);
    const stored =
      (await store.read(tenantId, id)) ??
      (await store.createIfAbsent(
        tenantId,
        wrapSecret(tenantId, id, await keys.forWriting(tenantId, 'subject', at)),
      ));
    return stored.shreddedAt === undefined ? unwrapSecret(tenantId, stored) : undefined;
  }

  async function unwrapSecret(tenantId: string, { id, keyId, wrapped }: WrappedKey): Promise<Buffer> {
    const { kid, key } = await keys.forReading(tenantId, keyId);
    return decrypt(key, unpack(Buffer.from(wrapped, 'base64')), secretAad(tenantId, id, kid));
  }

  return {
    forWriting(tenantId, subject, dataClass, at) {
      if (!TENANT_ID.test(tenantId)) return Promise.reject(invalidTenant());
      const kid = `${tenantId}/${dataClass}.${subjectHash(tenantId, subject)}`;
      // What is stated of a person after the erasure is recorded, and its sealed fields are sealed to nobody: refusing
      // would lose the event, and a new secret would undo the erasure behind everybody's back.
      const derived = cache.get(kid, async () => {
        const secret = await secretOf(tenantId, subject, at);
        return secret ? derive(secret, kid, dataClass) : SHREDDED;
      });
      return whenReady(derived, (key) => (key === SHREDDED ? { kid, key: randomBytes(32) } : key));
    },

    forReading(tenantId, kid) {
      const [, owner, dataClass, hash] = KID.exec(kid) ?? [];
      if (dataClass === undefined || hash === undefined || owner !== tenantId)
        return Promise.reject(foreignKey());
      const derived = cache.get(kid, async () => {
        const stored = await store.read(tenantId, `subject.${hash}`);
        if (stored === undefined) throw lost();
        if (stored.shreddedAt !== undefined) return SHREDDED;
        return derive(await unwrapSecret(tenantId, stored), kid, dataClass);
      });
      return whenReady(derived, (key) => {
        if (key === SHREDDED) throw shredded();
        return key;
      });
    },
  };
}

/** Stands in the cache for a key that is no more. */
const SHREDDED: DataKey = { kid: '', key: Buffer.alloc(0) };

export const isSubjectKid = (kid: string): boolean => kid.includes('.');

/** The id of the secret that a key was derived from. */
export function subjectKeyOf(kid: string): string | undefined {
  const hash = KID.exec(kid)?.[3];
  return hash === undefined ? undefined : `subject.${hash}`;
}

/** Names the secret of a person: a hash, because a document's id in Cosmos DB may not hold the slash of `Patient/7`. */
export const subjectId = (tenantId: string, subject: string): string =>
  `subject.${subjectHash(tenantId, subject)}`;

function subjectHash(tenantId: string, subject: string): string {
  const hash = createHash('sha256').update(lengthPrefixed(['subject1', tenantId, subject]));
  return hash.digest('hex').slice(0, 40);
}

function derive(secret: Buffer, kid: string, dataClass: string): DataKey {
  const info = lengthPrefixed(['subject-field1', dataClass]);
  return { kid, key: Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), info, 32)) };
}

function wrapSecret(tenantId: string, id: string, { kid, key }: DataKey): WrappedKey {
  const { iv, ct, tag } = encrypt(key, freshIv(), randomBytes(32), secretAad(tenantId, id, kid));
  return { id, keyId: kid, wrapped: Buffer.concat([iv, ct, tag]).toString('base64') };
}

const secretAad = (tenantId: string, id: string, kid: string): Buffer =>
  lengthPrefixed(['subject-secret1', tenantId, id, kid]);

const unpack = (bytes: Buffer): Encrypted => ({
  iv: bytes.subarray(0, 12),
  ct: bytes.subarray(12, -TAG_BYTES),
  tag: bytes.subarray(-TAG_BYTES),
});

function shredded(): MedrelayError {
  return new MedrelayError(
    'SHREDDED',
    'What was sealed about this person was made unreadable on purpose: the key is destroyed. Hashes and proofs stay valid.',
  );
}

/** Not the same as shredded: nobody decided this. */
function lost(): MedrelayError {
  return new MedrelayError(
    'KEY_UNKNOWN',
    "A person's secret is not in the key store, and no tombstone says that it was destroyed. Restore database audit.",
  );
}
