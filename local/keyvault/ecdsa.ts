/**
 * ECDSA over P-256 for a digest that is given (FIPS 186-5 section 6.4): node:crypto only signs what it hashes itself.
 * Not in constant time, as a development key needs no better.
 */
import { createECDH, randomBytes } from 'node:crypto';

const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const generator: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];

/** undefined: the point at infinity. */
type Point = readonly [bigint, bigint] | undefined;

/** r and s, 32 bytes each (RFC 7518 section 3.4). */
export function signDigest(privateScalar: Buffer, digest: Buffer): Buffer {
  const d = integer(privateScalar);
  const z = integer(digest);
  for (;;) {
    const k = integer(randomBytes(32));
    if (k === 0n || k >= n) continue;
    const r = mod(integer(publicX(k)), n);
    const s = mod(inverse(k, n) * (z + r * d), n);
    if (r !== 0n && s !== 0n) return Buffer.concat([bytes(r), bytes(s)]);
  }
}

export function verifyDigest(publicX: Buffer, publicY: Buffer, digest: Buffer, signature: Buffer): boolean {
  if (signature.length !== 64) return false;
  const [r, s] = [integer(signature.subarray(0, 32)), integer(signature.subarray(32))];
  if (r === 0n || s === 0n || r >= n || s >= n) return false;
  const w = inverse(s, n);
  const [u, v] = [mod(integer(digest) * w, n), mod(r * w, n)];
  const sum = add(multiply(u, generator), multiply(v, [integer(publicX), integer(publicY)]));
  return sum !== undefined && mod(sum[0], n) === r;
}

function publicX(k: bigint): Buffer {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(bytes(k));
  return pair.getPublicKey().subarray(1, 33);
}

function add(a: Point, b: Point): Point {
  if (!a) return b;
  if (!b) return a;
  if (a[0] === b[0] && mod(a[1] + b[1], p) === 0n) return undefined;
  const slope =
    a[0] === b[0]
      ? // The curve's a is -3.
        (3n * a[0] * a[0] - 3n) * inverse(2n * a[1], p)
      : (b[1] - a[1]) * inverse(b[0] - a[0], p);
  const x = mod(slope * slope - a[0] - b[0], p);
  return [x, mod(slope * (a[0] - x) - a[1], p)];
}

function multiply(factor: bigint, point: Point): Point {
  let sum: Point;
  for (let rest = factor, double = point; rest > 0n; rest >>= 1n, double = add(double, double)) {
    if (rest & 1n) sum = add(sum, double);
  }
  return sum;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [mod(value, modulus), modulus, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [b, a] = [a, b - quotient * a];
    [y, x] = [x, y - quotient * x];
  }
  return mod(x, modulus);
}

const mod = (value: bigint, modulus: bigint) => ((value % modulus) + modulus) % modulus;
const integer = (from: Buffer) => BigInt(`0x${from.toString('hex') || '0'}`);
const bytes = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
