import type { DataKeyStore, KeyWrap, WrappedKey } from '../../../src/lib/security';

export interface MemoryKeys extends DataKeyStore {
  readonly stored: Map<string, WrappedKey>;
  reads: number;
}

export function memoryKeyStore(): MemoryKeys {
  const stored = new Map<string, WrappedKey>();
  return {
    stored,
    reads: 0,
    read(tenantId, id) {
      this.reads++;
      return Promise.resolve(stored.get(`${tenantId}/${id}`));
    },
    createIfAbsent(tenantId, key) {
      const name = `${tenantId}/${key.id}`;
      const first = stored.get(name) ?? key;
      stored.set(name, first);
      return Promise.resolve(first);
    },
  };
}

/** Wraps by exclusive or: enough to notice a key that was never wrapped or unwrapped. */
export function xorWrap(): KeyWrap & { unwraps: number } {
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x5a);
  return {
    unwraps: 0,
    currentKeyId: () => Promise.resolve('test:1'),
    wrap: (dataKey) => Promise.resolve({ keyId: 'test:1', wrapped: flip(dataKey) }),
    unwrap(_keyId, wrapped) {
      this.unwraps++;
      return Promise.resolve(flip(wrapped));
    },
  };
}
