/** Wraps data keys under a key-encryption key that never leaves its keeper: Key Vault in Azure, a key file on one machine. */
export interface KeyWrap {
  /** Names the key and version that `wrap` uses now. */
  currentKeyId(): Promise<string>;
  /** `keyId` names the key and version, for `unwrap`. */
  wrap(dataKey: Uint8Array): Promise<{ readonly keyId: string; readonly wrapped: Uint8Array }>;
  /**
   * @throws MedrelayError KEY_KEEPER_MISSING when `keyId` is not held here, which a right setting mends and so says
   * nothing about the data; KEY_UNWRAP_FAILED when the bytes were changed.
   */
  unwrap(keyId: string, wrapped: Uint8Array): Promise<Uint8Array>;
}

/** Where wrapped data keys live (`audit.keys`): create-only for the app, the first writer wins. */
export interface DataKeyStore {
  read(tenantId: string, id: string): Promise<WrappedKey | undefined>;
  /** Resolves to the stored one: yours, or the one that was there first. */
  createIfAbsent(tenantId: string, key: WrappedKey): Promise<WrappedKey>;
}

/**
 * What the key custodian's identity may do beside: the only one that replaces anything in `audit.keys`
 * (`KeyCustodianIdentity` in topology.json). The app never uses it.
 */
export interface KeyCustodyStore extends DataKeyStore {
  /** Every key that the key-encryption key wrapped; secrets of subjects are not among them. */
  dataKeys(): AsyncIterable<StoredKey>;
  readStored(tenantId: string, id: string): Promise<StoredKey | undefined>;
  /** `changed` when the document is not the one that was read. */
  replace(stored: StoredKey, by: WrappedKey): Promise<'replaced' | 'changed'>;
}

export interface StoredKey {
  readonly tenantId: string;
  readonly etag: string;
  readonly key: WrappedKey;
}

export interface WrappedKey {
  /** `<class>-<month>` or `subject.<hash>`; with the tenant it is the `kid` of ciphertexts. */
  readonly id: string;
  /** What opens it: a version of the key-encryption key, or for a subject's secret a data key's `kid`. */
  readonly keyId: string;
  /** base64; '' once shredded. */
  readonly wrapped: string;
  /** When a subject's secret was destroyed. The document stays, so that no new secret takes its place. */
  readonly shreddedAt?: string;
}

/** AES-256-GCM output; all base64. */
export interface Sealed {
  readonly kid: string;
  readonly alg: 'A256GCM';
  readonly iv: string;
  readonly ct: string;
  readonly tag: string;
}
