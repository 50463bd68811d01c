import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { MedrelayError } from '../errors';
import { createDataKeys, type DataClass, type DataKey } from './data-keys';
import { lengthPrefixed } from './length-prefixed';
import type { DataKeyStore, KeyWrap, Sealed } from './ports';

/** The place a ciphertext belongs to. It opens nowhere else: not in another row, field or tenant. */
export interface SealedAt {
  readonly id: string;
  readonly path: string;
}

export interface FieldCipher {
  seal(
    tenantId: string,
    dataClass: 'phi' | 'raw',
    at: string,
    plaintext: Uint8Array,
    place: SealedAt,
  ): Promise<Sealed>;
  /** @throws MedrelayError DECRYPT_FAILED when a bit or the place differs, KEY_UNKNOWN for another tenant's key. */
  open(tenantId: string, sealed: Sealed, place: SealedAt): Promise<Buffer>;
  /** A large body as one self-describing blob; `id` is the blob's identity, for example the hash of the plaintext. */
  sealBody(tenantId: string, at: string, body: Uint8Array, id: string): Promise<Buffer>;
  openBody(tenantId: string, blob: Uint8Array, id: string): Promise<Buffer>;
  /** HMAC-SHA-256 under the tenant's key of the month of `at`, base64. */
  mac(
    tenantId: string,
    at: string,
    bytes: Uint8Array,
  ): Promise<{ readonly kid: string; readonly val: string }>;
  verifyMac(
    tenantId: string,
    mac: { readonly kid: string; readonly val: string },
    bytes: Uint8Array,
  ): Promise<boolean>;
}

export interface FieldCipherPorts {
  readonly keyWrap: KeyWrap;
  readonly store: DataKeyStore;
  readonly now?: () => number;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

export function createFieldCipher({ keyWrap, store, now = Date.now }: FieldCipherPorts): FieldCipher {
  const keys = createDataKeys(keyWrap, store, now);

  return {
    async seal(tenantId, dataClass, at, plaintext, place) {
      const dataKey = await keys.forWriting(tenantId, dataClass, at);
      const iv = randomBytes(IV_BYTES);
      const { ct, tag } = encrypt(dataKey, iv, plaintext, fieldAad(tenantId, place, dataKey.kid));
      const base64 = (bytes: Buffer): string => bytes.toString('base64');
      return { kid: dataKey.kid, alg: 'A256GCM', iv: base64(iv), ct: base64(ct), tag: base64(tag) };
    },

    async open(tenantId, sealed, place) {
      const dataKey = await keys.forReading(tenantId, sealed.kid);
      const bytes = (text: string): Buffer => Buffer.from(text, 'base64');
      const aad = fieldAad(tenantId, place, sealed.kid);
      return decrypt(dataKey, bytes(sealed.iv), bytes(sealed.ct), bytes(sealed.tag), aad);
    },

    async sealBody(tenantId, at, body, id) {
      const dataKey = await keys.forWriting(tenantId, 'raw', at);
      const iv = randomBytes(IV_BYTES);
      const header = encodeHeader({ v: 1, alg: 'A256GCM', kid: dataKey.kid, iv: iv.toString('base64') });
      const { ct, tag } = encrypt(dataKey, iv, body, bodyAad(tenantId, id, header));
      return Buffer.concat([header, ct, tag]);
    },

    async openBody(tenantId, blob, id) {
      const { header, fields, rest } = decodeHeader(
        Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength),
      );
      const dataKey = await keys.forReading(tenantId, fields.kid);
      const ct = rest.subarray(0, rest.length - TAG_BYTES);
      const tag = rest.subarray(rest.length - TAG_BYTES);
      return decrypt(dataKey, Buffer.from(fields.iv, 'base64'), ct, tag, bodyAad(tenantId, id, header));
    },

    async mac(tenantId, at, bytes) {
      const { kid, key } = await keys.forWriting(tenantId, 'mac', at);
      return { kid, val: createHmac('sha256', key).update(bytes).digest('base64') };
    },

    async verifyMac(tenantId, mac, bytes) {
      const { kid, key } = await keys.forReading(tenantId, mac.kid);
      assertClass(kid, ['mac']);
      const expected = createHmac('sha256', key).update(bytes).digest();
      const given = Buffer.from(mac.val, 'base64');
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

function fieldAad(tenantId: string, place: SealedAt, kid: string): Buffer {
  return lengthPrefixed(['field1', tenantId, place.id, place.path, classOf(kid), kid]);
}

function bodyAad(tenantId: string, id: string, header: Buffer): Buffer {
  return Buffer.concat([lengthPrefixed(['body1', tenantId, id]), header]);
}

function classOf(kid: string): string {
  return kid.slice(kid.indexOf('/') + 1, kid.lastIndexOf('-'));
}

function assertClass(kid: string, allowed: readonly DataClass[]): void {
  if (!allowed.some((dataClass) => dataClass === classOf(kid))) throw decryptFailed();
}

function encrypt(
  dataKey: DataKey,
  iv: Buffer,
  plaintext: Uint8Array,
  aad: Buffer,
): { ct: Buffer; tag: Buffer } {
  const cipher = createCipheriv('aes-256-gcm', dataKey.key, iv).setAAD(aad);
  const ct = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { ct, tag: cipher.getAuthTag() };
}

function decrypt(dataKey: DataKey, iv: Buffer, ct: Buffer, tag: Buffer, aad: Buffer): Buffer {
  // A key is used for one purpose only: a MAC key never decrypts. Node accepts 4-byte GCM tags unless the length is fixed.
  assertClass(dataKey.kid, ['phi', 'raw']);
  try {
    const decipher = createDecipheriv('aes-256-gcm', dataKey.key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(aad).setAuthTag(tag);
    return Buffer.concat([decipher.update(ct), decipher.final()]);
  } catch (cause) {
    throw decryptFailed(cause);
  }
}

function decryptFailed(cause?: unknown): MedrelayError {
  return new MedrelayError(
    'DECRYPT_FAILED',
    'Encrypted data was changed, moved from another place or cut short; it is not opened.',
    cause,
  );
}

/** magic "MRB1", length of the header (4 bytes, big endian), header as JSON, then ciphertext and a 16-byte tag. */
const MAGIC = Buffer.from('MRB1', 'latin1');
const MAX_HEADER_BYTES = 1024;
const headerSchema = z.object({
  v: z.literal(1),
  alg: z.literal('A256GCM'),
  kid: z.string(),
  iv: z.string(),
});
type Header = z.infer<typeof headerSchema>;

function encodeHeader(fields: Header): Buffer {
  return Buffer.concat([MAGIC, lengthPrefixed([JSON.stringify(fields)])]);
}

function decodeHeader(blob: Buffer): { header: Buffer; fields: Header; rest: Buffer } {
  const prefix = MAGIC.length + 4;
  if (blob.length < prefix || !blob.subarray(0, MAGIC.length).equals(MAGIC)) throw decryptFailed();
  const length = blob.readUInt32BE(MAGIC.length);
  if (length > MAX_HEADER_BYTES || blob.length < prefix + length + TAG_BYTES) throw decryptFailed();
  const header = blob.subarray(0, prefix + length);
  let fields: unknown;
  try {
    fields = JSON.parse(header.toString('utf8', prefix));
  } catch (cause) {
    throw decryptFailed(cause);
  }
  const parsed = headerSchema.safeParse(fields);
  if (!parsed.success) throw decryptFailed();
  return { header, fields: parsed.data, rest: blob.subarray(prefix + length) };
}
