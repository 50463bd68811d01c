import type { PartitionKey } from './partition-key';

/**
 * The effective partition key (EPK): where the hash of a partition key lies in the container's range of keys, as upper
 * case hexadecimal digits that compare as text. As the SDK computes it (utils/hashing/v2 and multiHash): each value with
 * a type marker before it, MurmurHash3 x64 128, bytes reversed, the two highest bits clear. A hierarchical key hashes
 * level by level, so that a prefix of the key is a prefix of the text.
 */
export function effectiveKey(key: PartitionKey, isHierarchical: boolean): string {
  return isHierarchical ? key.map((part) => hashOf([part])).join('') : hashOf(key);
}

function hashOf(parts: PartitionKey): string {
  const bytes = murmur128(Buffer.concat(parts.map(encode))).reverse();
  bytes.writeUInt8(bytes.readUInt8(0) & 0x3f, 0);
  return bytes.toString('hex').toUpperCase();
}

function encode(part: PartitionKey[number]): Buffer {
  if (typeof part === 'string') {
    return Buffer.concat([Buffer.from([8]), Buffer.from(part), Buffer.from([0xff])]);
  }
  if (typeof part === 'number') {
    const bytes = Buffer.alloc(9, 5);
    bytes.writeDoubleLE(part, 1);
    return bytes;
  }
  return Buffer.from([part === undefined ? 0 : part === null ? 1 : part === false ? 2 : 3]);
}

const mask = (1n << 64n) - 1n;
const c1 = 0x87c37b91114253d5n;
const c2 = 0x4cf5ad432745937fn;
const rotate = (value: bigint, by: bigint) => ((value << by) | (value >> (64n - by))) & mask;
const mixFirst = (k: bigint) => (rotate((k * c1) & mask, 31n) * c2) & mask;
const mixSecond = (k: bigint) => (rotate((k * c2) & mask, 33n) * c1) & mask;

function finish(h: bigint): bigint {
  h ^= h >> 33n;
  h = (h * 0xff51afd7ed558ccdn) & mask;
  h ^= h >> 33n;
  h = (h * 0xc4ceb9fe1a85ec53n) & mask;
  return h ^ (h >> 33n);
}

/** MurmurHash3 x64 128 with seed 0 (Austin Appleby, public domain). */
function murmur128(data: Buffer): Buffer {
  let [h1, h2] = [0n, 0n];
  const whole = data.length - (data.length % 16);
  for (let at = 0; at < whole; at += 16) {
    h1 ^= mixFirst(data.readBigUInt64LE(at));
    h1 = ((rotate(h1, 27n) + h2) * 5n + 0x52dce729n) & mask;
    h2 ^= mixSecond(data.readBigUInt64LE(at + 8));
    h2 = ((rotate(h2, 31n) + h1) * 5n + 0x38495ab5n) & mask;
  }
  const tail = Buffer.alloc(16);
  data.copy(tail, 0, whole);
  // A tail of zeros mixes to zero, so that a missing one changes nothing.
  h2 ^= mixSecond(tail.readBigUInt64LE(8));
  h1 ^= mixFirst(tail.readBigUInt64LE(0));
  const length = BigInt(data.length);
  h1 ^= length;
  h2 ^= length;
  h1 = (h1 + h2) & mask;
  h2 = (h2 + h1) & mask;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = (h1 + h2) & mask;
  h2 = (h2 + h1) & mask;
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(h1, 0);
  out.writeBigUInt64LE(h2, 8);
  return out;
}
