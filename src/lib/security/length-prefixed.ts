import { MedrelayError } from '../errors';

/**
 * Joins parts so that no two different lists give the same bytes: each part is preceded by its length, and halves of
 * surrogate pairs, which UTF-8 would all turn into one replacement character, are refused.
 */
export function lengthPrefixed(parts: readonly string[]): Buffer {
  let length = 0;
  for (const part of parts) {
    // The first test is the quick one; the second, by code points, sees only halves.
    if (/[\ud800-\udfff]/.test(part) && /\p{Surrogate}/u.test(part)) {
      throw new MedrelayError('TEXT_INVALID', 'An id or a path holds half a surrogate pair; it is not used.');
    }
    length += 4 + Buffer.byteLength(part, 'utf8');
  }
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    const written = bytes.write(part, at + 4, 'utf8');
    at = bytes.writeUInt32BE(written, at) + written;
  }
  return bytes;
}
