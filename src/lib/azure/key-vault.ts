import type { CryptographyClient, KeyClient, KeyClientOptions } from '@azure/keyvault-keys';
import type { IdentityConnection } from '../config';
import { MedrelayError } from '../errors';
import type { KeyWrap } from '../security';
import { classifyAzureError } from './classify';
import { credentialOf } from './credential';

/** The key-encryption key of the vault. */
const KEY_NAME = 'medrelay-kek';
/** Beside each wrapped key: which version of which key opens it, in whatever vault the setting names. */
const KEY_ID = /^vault:([0-9a-zA-Z-]{1,127})\/([0-9a-f]{32})$/;
const keyIdOf = (version: string): string => `vault:${KEY_NAME}/${version}`;
const ALGORITHM = 'RSA-OAEP-256';

/** A rotated key is used for new data keys after at most this long; old versions go on opening what they wrapped. */
const CURRENT_VERSION_MS = 60 * 60 * 1000;

/** The default waits longer than most invocations may last. */
const RETRIES = { maxRetries: 3, retryDelayInMs: 300, maxRetryDelayInMs: 3_000 };

/** What of a vault the wrapping of keys needs. */
export interface VaultKeys {
  /** The version that is used now. */
  currentVersion(name: string): Promise<string>;
  wrap(name: string, version: string, key: Uint8Array): Promise<Uint8Array>;
  unwrap(name: string, version: string, wrapped: Uint8Array): Promise<Uint8Array>;
}

/**
 * Data keys wrapped by RSA-OAEP-256 under a key that never leaves Key Vault. What the SDK throws for a vault that is
 * away or throttles passes through: it may succeed later, and callers tell that by the error's kind.
 */
export function keyVaultWrap(keys: VaultKeys, now: () => number = Date.now): KeyWrap {
  let current: { version: string; until: number } | undefined;

  async function currentVersion(): Promise<string> {
    if (!current || current.until <= now()) {
      const version = await keys.currentVersion(KEY_NAME).catch((cause: unknown) => {
        if (classifyAzureError(cause).kind !== 'not-found') throw cause;
        throw new MedrelayError(
          'KEY_KEEPER_MISSING',
          `The key vault has no key named ${KEY_NAME}. Create it: RSA, 3072 bits, with the operations wrapKey and unwrapKey.`,
          cause,
        );
      });
      current = { version, until: now() + CURRENT_VERSION_MS };
    }
    return current.version;
  }

  return {
    async currentKeyId() {
      return keyIdOf(await currentVersion());
    },
    async wrap(dataKey) {
      const version = await currentVersion();
      return { keyId: keyIdOf(version), wrapped: await keys.wrap(KEY_NAME, version, dataKey) };
    },
    async unwrap(keyId, wrapped) {
      const [, name, version] = KEY_ID.exec(keyId) ?? [];
      if (name === undefined || version === undefined) {
        throw new MedrelayError(
          'KEY_KEEPER_MISSING',
          'A data key was wrapped by a keeper that is not set up here.',
        );
      }
      try {
        return await keys.unwrap(name, version, wrapped);
      } catch (cause) {
        throw unwrapProblem(cause, name, version);
      }
    },
  };
}

function unwrapProblem(cause: unknown, name: string, version: string): unknown {
  if (classifyAzureError(cause).kind === 'not-found') {
    return new MedrelayError(
      'KEY_KEEPER_MISSING',
      `The key vault does not hold version ${version} of ${name}. Recover the key, or set KEY_VAULT_URL to the vault ` +
        'that belongs to this data.',
      cause,
    );
  }
  if ((cause as { statusCode?: unknown }).statusCode !== 400) return cause;
  return new MedrelayError(
    'KEY_UNWRAP_FAILED',
    'A stored data key was changed: the key vault does not open it. Restore database audit.',
    cause,
  );
}

export const vaultOptions = ({ endpoint }: IdentityConnection): KeyClientOptions => ({
  retryOptions: RETRIES,
  // A stand-in on this machine is not below the domain that its tokens are for; everywhere else this check keeps
  // tokens from going to a stranger.
  disableChallengeResourceVerification: isLoopback(endpoint),
});

/* eslint-disable @typescript-eslint/no-require-imports -- loaded when first used, as the other SDKs are */

/** The vault at an address, through the official SDK, which is loaded by the first use. */
export function vaultKeys(vault: IdentityConnection): VaultKeys {
  const options = vaultOptions(vault);
  const sdk = () => require('@azure/keyvault-keys') as typeof import('@azure/keyvault-keys');
  let credential: ReturnType<typeof credentialOf> | undefined;
  const signIn = () => (credential ??= credentialOf(vault));
  let client: KeyClient | undefined;
  const byVersion = new Map<string, CryptographyClient>();

  const cryptography = (name: string, version: string): CryptographyClient => {
    const id = new URL(`keys/${name}/${version}`, vault.endpoint).href;
    const known = byVersion.get(id) ?? new (sdk().CryptographyClient)(id, signIn(), options);
    byVersion.set(id, known);
    return known;
  };

  return {
    async currentVersion(name) {
      client ??= new (sdk().KeyClient)(vault.endpoint, signIn(), options);
      const { properties } = await client.getKey(name);
      return properties.version ?? '';
    },
    wrap: async (name, version, key) => (await cryptography(name, version).wrapKey(ALGORITHM, key)).result,
    unwrap: async (name, version, wrapped) =>
      (await cryptography(name, version).unwrapKey(ALGORITHM, wrapped)).result,
  };
}

const isLoopback = (url: string): boolean => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(url).hostname);
