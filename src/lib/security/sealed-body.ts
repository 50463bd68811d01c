import * as z from 'zod';
import { decryptFailed, TAG_BYTES } from './aead';
import { lengthPrefixed } from './length-prefixed';

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

export function encodeHeader(fields: Header): Buffer {
  return Buffer.concat([MAGIC, lengthPrefixed([JSON.stringify(fields)])]);
}

export function decodeHeader(blob: Buffer): { header: Buffer; fields: Header; rest: Buffer } {
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
