import type { CryptographyClient, KeyClient, KeyVaultKey } from '@azure/keyvault-keys';
import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import type { CheckpointSigner } from '../audit';
import type { Config, IdentityConnection } from '../config';
import { MedrelayError } from '../errors';
import { classifyAzureError } from './classify';
import { credentialOf } from './credential';
import { vaultOptions } from './key-vault';

/** The key of the vault, and how signature lines name it. */
const KEY_NAME = 'medrelay-audit-seal';

/** A rotated key signs after at most this long; what older versions signed stays verifiable by them. */
const CURRENT_VERSION_MS = 60 * 60 * 1000;

/** What of a vault the signing of checkpoints needs. */
export interface VaultSigning {
  currentVersion(name: string): Promise<string>;
  /** Every version that there is. */
  versions(name: string): Promise<readonly string[]>;
  publicKey(name: string, version: string): Promise<JsonWebKey>;
  /** ES256 over a digest: r and s, 32 bytes each (RFC 7518 section 3.4). */
  sign(name: string, version: string, digest: Uint8Array): Promise<Uint8Array>;
}

/** Signs under a key that never leaves Key Vault: ECDSA P-256 over SHA-256. */
export function keyVaultSigner(vault: VaultSigning, now: () => number = Date.now): CheckpointSigner {
  let current: { readonly version: string; readonly until: number } | undefined;
  const publicKeys = new Map<string, Promise<Buffer>>();

  async function currentVersion(): Promise<string> {
    if (!current || current.until <= now()) {
      const version = await vault.currentVersion(KEY_NAME).catch(missing);
      current = { version, until: now() + CURRENT_VERSION_MS };
    }
    return current.version;
  }

  /** The public part of a version never changes. */
  function publicKey(version: string): Promise<Buffer> {
    const known = publicKeys.get(version) ?? vault.publicKey(KEY_NAME, version).then(spkiOf);
    publicKeys.set(version, known);
    void known.catch(() => publicKeys.delete(version));
    return known;
  }

  return {
    keyName: KEY_NAME,
    async sign(text) {
      const version = await currentVersion();
      const digest = createHash('sha256').update(text).digest();
      const [signature, key] = await Promise.all([vault.sign(KEY_NAME, version, digest), publicKey(version)]);
      return { signature: derOf(signature), publicKey: key };
    },
    async publicKeys() {
      const versions = await vault.versions(KEY_NAME).catch(missing);
      const answers = await Promise.allSettled(versions.map(publicKey));
      const keys = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      // A version that somebody disabled may not be read: what it signed is named `key-unknown`, the rest is verified.
      const refusal = answers.find(
        (answer) => answer.status === 'rejected' && (keys.length === 0 || !isDenied(answer.reason)),
      );
      if (refusal?.status === 'rejected') throw refusal.reason;
      return keys;
    },
  };
}

/**
 * Sealing is refused, and says so, where no vault keeps the key: under a key that lies beside the store it would prove
 * nothing.
 */
export function createCheckpointSigner({ keyVault }: Config): CheckpointSigner {
  if (keyVault) return keyVaultSigner(vaultSigning(keyVault));
  return {
    keyName: KEY_NAME,
    sign: () => Promise.reject(noKey()),
    publicKeys: () => Promise.reject(noKey()),
  };
}

function noKey(): MedrelayError {
  return new MedrelayError(
    'SEAL_KEY_MISSING',
    `The audit trail is not sealed: set KEY_VAULT_URL to the vault that holds the key ${KEY_NAME} (EC, P-256).`,
  );
}

function missing(cause: unknown): never {
  if (classifyAzureError(cause).kind !== 'not-found') throw cause;
  throw new MedrelayError(
    'SEAL_KEY_MISSING',
    `The key vault has no key named ${KEY_NAME}. Create it: EC, P-256, with the operations sign and verify.`,
    cause,
  );
}

const isDenied = (error: unknown): boolean => classifyAzureError(error).kind === 'denied';

const spkiOf = (key: JsonWebKey): Buffer =>
  createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'der' });

/** IEEE P1363 to DER (RFC 3279 section 2.2.3): SEQUENCE { INTEGER r, INTEGER s }. */
function derOf(signature: Uint8Array): Buffer {
  if (signature.length !== 64)
    throw new MedrelayError(
      'SEAL_SIGNATURE_INVALID',
      `The key vault's answer is no signature of ${KEY_NAME}.`,
    );
  const integers = [signature.subarray(0, 32), signature.subarray(32)].map((bytes) => {
    const first = bytes.findIndex((byte) => byte !== 0);
    const digits = bytes.subarray(first === -1 ? 31 : first);
    // A first bit of 1 would make it negative.
    const value = (digits[0] ?? 0) > 0x7f ? [0, ...digits] : [...digits];
    return [0x02, value.length, ...value];
  });
  const content = integers.flat();
  return Buffer.from([0x30, content.length, ...content]);
}

/* eslint-disable @typescript-eslint/no-require-imports -- loaded when first used, as the other SDKs are */

/** The vault at an address, through the official SDK, which is loaded by the first use. */
function vaultSigning(vault: IdentityConnection): VaultSigning {
  const sdk = () => require('@azure/keyvault-keys') as typeof import('@azure/keyvault-keys');
  const options = vaultOptions(vault);
  let keys: KeyClient | undefined;
  const client = () => (keys ??= new (sdk().KeyClient)(vault.endpoint, credentialOf(vault), options));
  const signers = new Map<string, CryptographyClient>();

  return {
    currentVersion: async (name) => (await client().getKey(name)).properties.version ?? '',
    async versions(name) {
      const versions: string[] = [];
      for await (const { version } of client().listPropertiesOfKeyVersions(name))
        if (version !== undefined) versions.push(version);
      if (versions.length > 0) return versions;
      // A key that is not there has no versions, which is no error of the service.
      return [(await client().getKey(name)).properties.version ?? ''];
    },
    publicKey: async (name, version) => jwkOf(await client().getKey(name, { version })),
    async sign(name, version, digest) {
      const signer = signers.get(version) ?? client().getCryptographyClient(name, { keyVersion: version });
      signers.set(version, signer);
      return (await signer.sign('ES256', digest)).result;
    },
  };
}

function jwkOf({ key }: KeyVaultKey): JsonWebKey {
  const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('base64url');
  return { kty: 'EC', crv: key?.crv, x: text(key?.x), y: text(key?.y) };
}
