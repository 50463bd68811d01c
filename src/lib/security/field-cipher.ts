import { createHmac, timingSafeEqual } from 'node:crypto';
import { decrypt, decryptFailed, encrypt, freshIv, TAG_BYTES } from './aead';
import { blindIndex, type IndexedField } from './blind-index';
import { classOf, createDataKeys, type DataClass, type DataKey, type FieldClass } from './data-keys';
import { lengthPrefixed } from './length-prefixed';
import type { DataKeyStore, KeyWrap, Sealed } from './ports';
import { allReady, whenReady, type Ready } from './ready';
import { decodeHeader, encodeHeader } from './sealed-body';
import { createSubjectKeys, isSubjectKid } from './subject-keys';

/** The place a ciphertext belongs to. It opens nowhere else: not in another row, field or tenant. */
export interface SealedAt {
  readonly id: string;
  readonly path: string;
}

export interface Mac {
  readonly kid: string;
  /** base64 */
  readonly val: string;
}

/** Keys that are at hand: nothing here waits. For one document, not to be kept. */
export interface Sealer {
  seal(plaintext: Uint8Array, place: SealedAt): Sealed;
  /** HMAC-SHA-256 under the tenant's key of the month. */
  mac(bytes: Uint8Array): Mac;
}

export interface FieldCipher {
  /**
   * What seals one document's fields and makes its MACs. `at` selects the month's keys; with `subject`, the reference
   * of a person such as `Patient/7`, fields are sealed under keys that die with that person's secret.
   * Not a promise when the keys are cached, so that the usual case waits for nothing.
   */
  sealer(tenantId: string, dataClass: FieldClass, at: string, subject?: string): Ready<Sealer>;
  /**
   * @throws MedrelayError DECRYPT_FAILED when a bit or the place differs, KEY_UNKNOWN for another tenant's key,
   * SHREDDED when the person's secret was destroyed.
   */
  open(tenantId: string, sealed: Sealed, place: SealedAt): Promise<Buffer>;
  /** A large body as one self-describing blob; `id` is the blob's identity, for example the hash of the plaintext. */
  sealBody(tenantId: string, at: string, body: Uint8Array, id: string): Promise<Buffer>;
  openBody(tenantId: string, blob: Uint8Array, id: string): Promise<Buffer>;
  verifyMac(tenantId: string, mac: Mac, bytes: Uint8Array): Ready<boolean>;
  /** The same value of a field always gives the same text, which tells nothing to whoever has no key. See `blind-index`. */
  blindIndex(tenantId: string, field: IndexedField, value: string): Ready<string>;
}

export interface FieldCipherPorts {
  readonly keyWrap: KeyWrap;
  readonly store: DataKeyStore;
  readonly now?: () => number;
}

export function createFieldCipher({ keyWrap, store, now = Date.now }: FieldCipherPorts): FieldCipher {
  const keys = createDataKeys(keyWrap, store, now);
  const subjects = createSubjectKeys(keys, store, now);

  return {
    sealer(tenantId, dataClass, at, subject) {
      const fieldKey =
        subject === undefined
          ? keys.forWriting(tenantId, dataClass, at)
          : subjects.forWriting(tenantId, subject, dataClass, at);
      const both = allReady([fieldKey, keys.forWriting(tenantId, 'mac', at)]);
      return whenReady(both, ([field, mac]) => sealerOf(tenantId, field as DataKey, mac as DataKey));
    },

    async open(tenantId, sealed, place) {
      const { kid, key } = await (isSubjectKid(sealed.kid) ? subjects : keys).forReading(
        tenantId,
        sealed.kid,
      );
      assertClass(kid, ['phi', 'pii', 'financial']);
      const bytes = (text: string): Buffer => Buffer.from(text, 'base64');
      const { iv, ct, tag } = sealed;
      return decrypt(key, { iv: bytes(iv), ct: bytes(ct), tag: bytes(tag) }, fieldAad(tenantId, place, kid));
    },

    async sealBody(tenantId, at, body, id) {
      const { kid, key } = await keys.forWriting(tenantId, 'raw', at);
      const iv = freshIv();
      const header = encodeHeader({ v: 1, alg: 'A256GCM', kid, iv: iv.toString('base64') });
      const { ct, tag } = encrypt(key, iv, body, bodyAad(tenantId, id, header));
      return Buffer.concat([header, ct, tag]);
    },

    async openBody(tenantId, blob, id) {
      const { header, fields, rest } = decodeHeader(
        Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength),
      );
      const { kid, key } = await keys.forReading(tenantId, fields.kid);
      assertClass(kid, ['raw']);
      const iv = Buffer.from(fields.iv, 'base64');
      const ct = rest.subarray(0, rest.length - TAG_BYTES);
      const tag = rest.subarray(rest.length - TAG_BYTES);
      return decrypt(key, { iv, ct, tag }, bodyAad(tenantId, id, header));
    },

    verifyMac(tenantId, mac, bytes) {
      return whenReady(keys.forReading(tenantId, mac.kid), ({ kid, key }) => {
        if (classOf(kid) !== 'mac') return false;
        const expected = createHmac('sha256', key).update(bytes).digest();
        const given = Buffer.from(mac.val, 'base64');
        return given.length === expected.length && timingSafeEqual(given, expected);
      });
    },

    blindIndex(tenantId, field, value) {
      // One key for all time: `at` does not matter.
      return whenReady(keys.forWriting(tenantId, 'index', '2000-01-01'), ({ key }) =>
        blindIndex(key, field, value),
      );
    },
  };
}

function sealerOf(tenantId: string, field: DataKey, mac: DataKey): Sealer {
  return {
    seal: (plaintext, place) => sealField(tenantId, field, plaintext, place),
    mac: (bytes) => macOf(mac, bytes),
  };
}

function sealField(tenantId: string, { kid, key }: DataKey, plaintext: Uint8Array, place: SealedAt): Sealed {
  const { iv, ct, tag } = encrypt(key, freshIv(), plaintext, fieldAad(tenantId, place, kid));
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  // In the order of the canonical form, which then needs no sorting.
  return { alg: 'A256GCM', ct: base64(ct), iv: base64(iv), kid, tag: base64(tag) };
}

function macOf({ kid, key }: DataKey, bytes: Uint8Array): Mac {
  return { kid, val: createHmac('sha256', key).update(bytes).digest('base64') };
}

function fieldAad(tenantId: string, { id, path }: SealedAt, kid: string): Buffer {
  return lengthPrefixed(['field1', tenantId, id, path, classOf(kid), kid]);
}

function bodyAad(tenantId: string, id: string, header: Buffer): Buffer {
  return Buffer.concat([lengthPrefixed(['body1', tenantId, id]), header]);
}

/** A key is used for one purpose only: a MAC key never decrypts, and a field's key opens no body. */
function assertClass(kid: string, allowed: readonly DataClass[]): void {
  if (!allowed.some((dataClass) => dataClass === classOf(kid))) throw decryptFailed();
}
