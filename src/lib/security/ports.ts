/** Wraps data keys under a key-encryption key that never leaves its keeper: Key Vault in Azure, a key file on one machine. */
export interface KeyWrap {
  /** `keyId` names the key and version, for `unwrap`. */
  wrap(dataKey: Uint8Array): Promise<{ readonly keyId: string; readonly wrapped: Uint8Array }>;
  /** @throws MedrelayError KEY_UNKNOWN when `keyId` is not held, KEY_UNWRAP_FAILED when the bytes were changed. */
  unwrap(keyId: string, wrapped: Uint8Array): Promise<Uint8Array>;
}

/** Where wrapped data keys live (`audit.keys`): create-only, the first writer wins. */
export interface DataKeyStore {
  read(tenantId: string, id: string): Promise<WrappedDataKey | undefined>;
  /** Resolves to the stored one: yours, or the one that was there first. */
  createIfAbsent(tenantId: string, key: WrappedDataKey): Promise<WrappedDataKey>;
}

export interface WrappedDataKey {
  /** `<class>-<epoch>`; with the tenant it is the `kid` of ciphertexts. */
  readonly id: string;
  readonly keyId: string;
  /** base64 */
  readonly wrapped: string;
}

/** AES-256-GCM output; all base64. */
export interface Sealed {
  readonly kid: string;
  readonly alg: 'A256GCM';
  readonly iv: string;
  readonly ct: string;
  readonly tag: string;
}
