import {
  constants,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  type JsonWebKey,
} from 'node:crypto';
import { signDigest, verifyDigest } from './ecdsa';
import { badParameter, notSupported } from './errors';
import { signPkcs1, signPss, verifyPkcs1, verifyPss, type Hash } from './rsa-signature';

const oaepHashes: Record<string, string> = { 'RSA-OAEP': 'sha1', 'RSA-OAEP-256': 'sha256' };

/** RS256 and so on: family and hash by RFC 7518 section 3.1; ES384 and ES512 belong to curves that are not here. */
const signatures: Record<string, { kty: 'RSA' | 'EC'; hash: Hash; digestBytes: number; isPss?: true }> = {
  RS256: { kty: 'RSA', hash: 'sha256', digestBytes: 32 },
  RS384: { kty: 'RSA', hash: 'sha384', digestBytes: 48 },
  RS512: { kty: 'RSA', hash: 'sha512', digestBytes: 64 },
  PS256: { kty: 'RSA', hash: 'sha256', digestBytes: 32, isPss: true },
  PS384: { kty: 'RSA', hash: 'sha384', digestBytes: 48, isPss: true },
  PS512: { kty: 'RSA', hash: 'sha512', digestBytes: 64, isPss: true },
  ES256: { kty: 'EC', hash: 'sha256', digestBytes: 32 },
};

export function encrypt(jwk: JsonWebKey, algorithm: string, value: Buffer): Buffer {
  const oaepHash = oaepHashOf(jwk, algorithm);
  const hashBytes = oaepHash === 'sha1' ? 20 : 32;
  const most = Buffer.from(jwk.n ?? '', 'base64url').length - 2 * hashBytes - 2;
  if (value.length > most)
    throw badParameter(
      `Invalid length of 'value': ${value.length} bytes. ${algorithm} takes at most ${most} bytes with this key.`,
    );
  const key = createPublicKey({ key: publicPart(jwk), format: 'jwk' });
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, value);
}

export function decrypt(jwk: JsonWebKey, algorithm: string, value: Buffer): Buffer {
  const oaepHash = oaepHashOf(jwk, algorithm);
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, value);
  } catch {
    throw badParameter('The parameter is incorrect.\r\n');
  }
}

export function sign(jwk: JsonWebKey, algorithm: string, digest: Buffer): Buffer {
  const { kty, hash, isPss } = signatureOf(jwk, algorithm, digest);
  if (kty === 'EC') return signDigest(Buffer.from(jwk.d ?? '', 'base64url'), digest);
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return isPss ? signPss(key, hash, digest) : signPkcs1(key, hash, digest);
}

export function verify(jwk: JsonWebKey, algorithm: string, digest: Buffer, signature: Buffer): boolean {
  const { kty, hash, isPss } = signatureOf(jwk, algorithm, digest);
  if (kty === 'EC') {
    const [x, y] = [jwk.x, jwk.y].map((part) => Buffer.from(part ?? '', 'base64url'));
    return verifyDigest(x ?? Buffer.alloc(0), y ?? Buffer.alloc(0), digest, signature);
  }
  const key = createPublicKey({ key: publicPart(jwk), format: 'jwk' });
  return isPss ? verifyPss(key, hash, digest, signature) : verifyPkcs1(key, hash, digest, signature);
}

/** What may leave the vault. */
export function publicPart({ kty, n, e, crv, x, y }: JsonWebKey): JsonWebKey {
  return kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
}

function oaepHashOf({ kty }: JsonWebKey, algorithm: string): string {
  const hash = Object.hasOwn(oaepHashes, algorithm) ? oaepHashes[algorithm] : undefined;
  if (hash === undefined) throw unknownAlgorithm(algorithm);
  if (kty !== 'RSA') throw wrongKind(algorithm, kty);
  return hash;
}

function signatureOf({ kty }: JsonWebKey, algorithm: string, digest: Buffer) {
  const known = Object.hasOwn(signatures, algorithm) ? signatures[algorithm] : undefined;
  if (!known) throw unknownAlgorithm(algorithm);
  if (kty !== known.kty) throw wrongKind(algorithm, kty);
  if (digest.length !== known.digestBytes)
    throw badParameter(
      `Invalid length of 'value': ${digest.length} bytes. ${algorithm} requires ${known.digestBytes} bytes, encoded with base64url.`,
    );
  return known;
}

/** Of the service's other algorithms it is said that they are not here; what nobody knows is a wrong parameter. */
const unknownAlgorithm = (algorithm: string) =>
  /^(RSA1_5|A\d{3}\w+|ES384|ES512|ES256K|RSNULL|HS\d{3}|CKM_\w+)$/.test(algorithm)
    ? notSupported(`the algorithm ${algorithm}`)
    : badParameter('Property  has invalid value\r\n');

const wrongKind = (algorithm: string, kty = '') =>
  badParameter(
    `Key and signing algorithm are incompatible. Key of type ${kty} does not support ${algorithm}.`,
  );
