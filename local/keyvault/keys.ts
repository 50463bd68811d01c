import { generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';
import { decrypt, encrypt, publicPart, sign, verify } from './algorithms';
import { badParameter, forbidden, notSupported } from './errors';
import {
  attributesOut,
  current,
  deleted,
  deletion,
  idOf,
  newAttributes,
  newVersion,
  page,
  requireFree,
  tagsOf,
  updated,
  type VaultRequest,
} from './objects';
import type { Route } from './routes';
import type { Store, Version } from './store';

/** What is kept of a key; the private part never leaves this folder's database. */
interface KeyContent {
  jwk: JsonWebKey;
  keyOps: string[];
}

const rsaSizes = [2048, 3072, 4096];
const operations: Record<'RSA' | 'EC', string[]> = {
  RSA: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  EC: ['sign', 'verify'],
};

/** Undoing and checking stays possible when a key has expired or is not yet valid
 * (https://learn.microsoft.com/azure/key-vault/keys/about-keys-details#date-time-controlled-operations). */
const alwaysInTime = ['decrypt', 'unwrapKey', 'verify'];

const contentOf = ({ content }: Version) => content as unknown as KeyContent;

export function keyRoutes(store: Store): Route[] {
  const find = (request: VaultRequest) => current(store, 'key', request);

  const bundle = ({ vault }: VaultRequest, key: Version) => {
    const { jwk, keyOps } = contentOf(key);
    return {
      key: { kid: idOf(vault, 'key', key), ...publicPart(jwk), key_ops: keyOps },
      attributes: attributesOut(key.attributes),
      tags: key.tags,
    };
  };
  const item = (key: Version, kid: string) => ({
    kid,
    attributes: attributesOut(key.attributes),
    tags: key.tags,
  });
  const deletedBundle = (request: VaultRequest) => ({
    ...deletion(store, 'key', request),
    ...bundle(request, deleted(store, 'key', request)),
  });
  const named = ({ vault }: VaultRequest, { name }: Version) => `${vault}/keys/${name}`;

  /** One operation with a key: allowed, in time, and its value understood. */
  const operation = (
    name: string,
    path: string,
    action: string,
    apply: (jwk: JsonWebKey, algorithm: string, body: Record<string, unknown>) => Buffer | boolean,
  ): Route => [
    'POST',
    `keys/:name/:version?/${path}`,
    `keys/${action}/action`,
    (request) => {
      const key = find(request);
      const { jwk, keyOps } = contentOf(key);
      requireUsable(key, name, store.now());
      if (!keyOps.includes(name))
        throw forbidden(`Operation ${name} is not permitted on this key.`, 'KeyOperationForbidden');
      const { alg } = request.body;
      if (typeof alg !== 'string') throw badParameter("Property 'alg' is missing.");
      const result = apply(jwk, alg, request.body);
      return typeof result === 'boolean'
        ? { value: result }
        : { kid: idOf(request.vault, 'key', key), value: result.toString('base64url') };
    },
  ];

  return [
    [
      'POST',
      'keys/:name/create',
      'keys/create/action',
      async (request) => {
        requireFree(store, 'key', request.name);
        return bundle(request, await createKey(store, request.name, request.body));
      },
    ],
    [
      'POST',
      'keys/:name/rotate',
      'keys/rotate/action',
      async (request) => {
        const { name, tags, content, attributes } = find({ ...request, version: '' });
        const { jwk, keyOps } = content as unknown as KeyContent;
        if (!attributes.enabled)
          throw forbidden('Operation rotate is not allowed on a disabled key.', 'KeyDisabled');
        const size = jwk.n === undefined ? {} : { key_size: Buffer.from(jwk.n, 'base64url').length * 8 };
        return bundle(
          request,
          await createKey(store, name, { kty: jwk.kty, ...size, key_ops: keyOps, tags }),
        );
      },
    ],
    [
      'GET',
      'keys',
      'keys/read',
      (request) =>
        page(
          request,
          'keys',
          (after, limit) => store.list('key', false, after, limit),
          (key) => item(key, named(request, key)),
        ),
    ],
    [
      'GET',
      'keys/:name/versions',
      'keys/read',
      (request) => {
        const { name } = find(request);
        return page(
          request,
          `keys/${name}/versions`,
          (after, limit) => store.listVersions('key', name, Number(after), limit),
          (key) => item(key, idOf(request.vault, 'key', key)),
        );
      },
    ],
    ['GET', 'keys/:name/:version?', 'keys/read', (request) => bundle(request, find(request))],
    [
      'PATCH',
      'keys/:name/:version?',
      'keys/update/action',
      (request) => {
        const before = find(request);
        const { jwk, keyOps } = contentOf(before);
        const given = request.body['key_ops'];
        const content = { jwk, keyOps: given === undefined ? keyOps : keyOpsOf(given, kindOf(jwk)) };
        const after = { ...updated(before, request.body, store.now()), content };
        store.replace('key', after);
        return bundle(request, after);
      },
    ],
    [
      'DELETE',
      'keys/:name',
      'keys/delete',
      (request) => {
        store.markDeleted('key', find(request).name);
        return deletedBundle(request);
      },
    ],
    [
      'GET',
      'deletedkeys',
      'keys/read',
      (request) =>
        page(
          request,
          'deletedkeys',
          (after, limit) => store.list('key', true, after, limit),
          (key) => ({
            ...deletion(store, 'key', { ...request, name: key.name }),
            ...item(key, named(request, key)),
          }),
        ),
    ],
    ['GET', 'deletedkeys/:name', 'keys/read', deletedBundle],
    [
      'POST',
      'deletedkeys/:name/recover',
      'keys/recover/action',
      (request) => {
        const key = deleted(store, 'key', request);
        store.recover('key', key.name);
        return bundle(request, key);
      },
    ],
    [
      'DELETE',
      'deletedkeys/:name',
      'keys/purge/action',
      (request) => {
        store.purge('key', deleted(store, 'key', request).name);
        return undefined;
      },
    ],
    operation('encrypt', 'encrypt', 'encrypt', (jwk, alg, body) => encrypt(jwk, alg, bytesOf(body, 'value'))),
    operation('decrypt', 'decrypt', 'decrypt', (jwk, alg, body) => decrypt(jwk, alg, bytesOf(body, 'value'))),
    operation('wrapKey', 'wrapkey', 'wrap', (jwk, alg, body) => encrypt(jwk, alg, bytesOf(body, 'value'))),
    operation('unwrapKey', 'unwrapkey', 'unwrap', (jwk, alg, body) =>
      decrypt(jwk, alg, bytesOf(body, 'value')),
    ),
    operation('sign', 'sign', 'sign', (jwk, alg, body) => sign(jwk, alg, bytesOf(body, 'value'))),
    operation('verify', 'verify', 'verify', (jwk, alg, body) =>
      verify(jwk, alg, bytesOf(body, 'digest'), bytesOf(body, 'value')),
    ),
  ];
}

/** A new version, the first of its name or after others. */
export async function createKey(store: Store, name: string, body: Record<string, unknown>): Promise<Version> {
  const kty = ktyOf(body['kty']);
  if (body['release_policy'] !== undefined && body['release_policy'] !== null)
    throw notSupported('release policies');
  const keyOps = body['key_ops'] === undefined ? operations[kty] : keyOpsOf(body['key_ops'], kty);
  const attributes = newAttributes(body['attributes'], store.now());
  const jwk = kty === 'RSA' ? await newRsaKey(body) : await newEcKey(body);
  const key: Version = {
    name: store.find('key', name)?.name ?? name,
    version: newVersion(),
    attributes,
    tags: tagsOf(body),
    content: { jwk, keyOps },
  };
  store.add('key', key);
  return key;
}

function requireUsable({ attributes }: Version, operation: string, nowMs: number): void {
  const { enabled, nbf = 0, exp = Infinity } = attributes;
  if (!enabled) throw forbidden(`Operation ${operation} is not allowed on a disabled key.`, 'KeyDisabled');
  if (alwaysInTime.includes(operation)) return;
  if (nowMs >= exp * 1000)
    throw forbidden(`Operation ${operation} is not allowed on an expired key.`, 'KeyExpired');
  if (nowMs < nbf * 1000)
    throw forbidden(
      `Operation ${operation} is not allowed on a key that is not yet valid.`,
      'KeyNotYetValid',
    );
}

function ktyOf(given: unknown): 'RSA' | 'EC' {
  if (given === 'RSA' || given === 'EC') return given;
  if (given === 'oct' || given === 'oct-HSM') throw notSupported('symmetric keys (oct)');
  if (given === 'RSA-HSM' || given === 'EC-HSM')
    throw notSupported(`keys of a hardware security module (${given})`);
  throw badParameter("Property 'kty' has invalid value.");
}

const kindOf = ({ kty }: JsonWebKey): 'RSA' | 'EC' => (kty === 'EC' ? 'EC' : 'RSA');

function keyOpsOf(given: unknown, kty: 'RSA' | 'EC'): string[] {
  if (!Array.isArray(given)) throw badParameter("Property 'key_ops' must be a list.");
  const known = given.map((each) => operations[kty].find((operation) => operation === each));
  const names = known.filter((each) => each !== undefined);
  if (names.length < given.length)
    throw badParameter(`Property 'key_ops' names an operation that a key of type ${kty} does not have.`);
  return names;
}

async function newRsaKey({
  key_size: size = 2048,
  public_exponent: exponent,
}: Record<string, unknown>): Promise<JsonWebKey> {
  if (typeof size !== 'number' || !rsaSizes.includes(size))
    throw badParameter(`Property 'key_size' has invalid value. It must be one of ${rsaSizes.join(', ')}.`);
  if (exponent !== undefined && exponent !== null && exponent !== 65_537)
    throw notSupported('public exponents other than 65537');
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: size });
  return privateKey.export({ format: 'jwk' });
}

async function newEcKey({ crv = 'P-256' }: Record<string, unknown>): Promise<JsonWebKey> {
  if (crv !== 'P-256') {
    if (crv === 'P-384' || crv === 'P-521' || crv === 'P-256K') throw notSupported(`the curve ${crv}`);
    throw badParameter("Property 'crv' has invalid value.");
  }
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'jwk' });
}

function bytesOf(body: Record<string, unknown>, name: string): Buffer {
  const text = body[name];
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]+$/.test(text))
    throw badParameter(`Property '${name}' is missing or not encoded with base64url.`);
  return Buffer.from(text, 'base64url');
}
