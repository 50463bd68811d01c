/** RSA signatures over a digest that is given (RFC 8017): node:crypto only signs what it hashes itself. */
import {
  constants,
  createHash,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';

export type Hash = 'sha256' | 'sha384' | 'sha512';

/** DER of DigestInfo before the digest (RFC 8017 section 9.2, note 1). */
const digestInfo: Record<Hash, Buffer> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

/** RSASSA-PKCS1-v1_5 (section 8.2). */
export const signPkcs1 = (key: KeyObject, hash: Hash, digest: Buffer): Buffer =>
  privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([digestInfo[hash], digest]));

export const verifyPkcs1 = (key: KeyObject, hash: Hash, digest: Buffer, signature: Buffer): boolean =>
  isSame(
    opened(() => publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature)),
    Buffer.concat([digestInfo[hash], digest]),
  );

/** RSASSA-PSS (section 8.1), the salt as long as the digest (RFC 7518 section 3.5). */
export function signPss(key: KeyObject, hash: Hash, digest: Buffer): Buffer {
  const length = modulusBytes(key);
  const salt = randomBytes(digest.length);
  const check = pssHash(hash, digest, salt);
  const padding = Buffer.alloc(length - 2 * digest.length - 2);
  const block = Buffer.concat([padding, Buffer.from([1]), salt]);
  const masked = xor(block, mask(hash, check, block.length));
  // The key's size is a multiple of 8, so the encoded message has one bit less than that.
  masked.writeUInt8(masked.readUInt8(0) & 0x7f, 0);
  return privateEncrypt(
    { key, padding: constants.RSA_NO_PADDING },
    Buffer.concat([masked, check, Buffer.from([0xbc])]),
  );
}

export function verifyPss(key: KeyObject, hash: Hash, digest: Buffer, signature: Buffer): boolean {
  const length = modulusBytes(key);
  const encoded = opened(() => publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature));
  if (encoded.length !== length || encoded.at(-1) !== 0xbc || encoded.readUInt8(0) & 0x80) return false;
  const masked = encoded.subarray(0, length - digest.length - 1);
  const check = encoded.subarray(masked.length, length - 1);
  const block = xor(masked, mask(hash, check, masked.length));
  block.writeUInt8(block.readUInt8(0) & 0x7f, 0);
  const padding = block.length - digest.length - 1;
  if (block.readUInt8(padding) !== 1 || block.subarray(0, padding).some((byte) => byte !== 0)) return false;
  return isSame(pssHash(hash, digest, block.subarray(padding + 1)), check);
}

const pssHash = (hash: Hash, digest: Buffer, salt: Buffer): Buffer =>
  createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();

/** MGF1 (section B.2.1). */
function mask(hash: Hash, seed: Buffer, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0, bytes = 0; bytes < length; counter += 1) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    const block = createHash(hash).update(seed).update(number).digest();
    blocks.push(block);
    bytes += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));

const modulusBytes = (key: KeyObject): number => (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;

/** A signature that is not even a number below the modulus opens to nothing. */
function opened(open: () => Buffer): Buffer {
  try {
    return open();
  } catch {
    return Buffer.alloc(0);
  }
}

const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
