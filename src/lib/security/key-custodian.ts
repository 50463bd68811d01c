import { invalidTenant } from './data-keys';
import { TENANT_ID } from './tenant-id';
import type { KeyCustodyStore, KeyWrap, StoredKey } from './ports';
import { subjectId } from './subject-keys';

export interface Rewrapped {
  /** Keys seen so far. */
  readonly keys: number;
  readonly rewrapped: number;
}

/** What only the key custodian does: the app's identity may not replace anything in `audit.keys`. */
export interface KeyCustodian {
  /**
   * Destroys what opens everything sealed about a person. The tombstone stays under the secret's id, also where there
   * was none: whatever is sealed about the person from now on is sealed to nobody. Other processes notice within
   * five minutes. Backups of the key store still hold the secret until they expire.
   */
  shred(
    tenantId: string,
    subject: string,
    at: string,
  ): Promise<'shredded' | 'was shredded' | 'nothing sealed'>;
  /**
   * Wraps every data key under the current version of the key-encryption key. Data keys themselves, and so all data
   * and hashes, stay as they are. Safe to stop, to repeat, and to run beside the app.
   */
  rewrap(progress?: (sofar: Rewrapped) => void): Promise<Rewrapped>;
}

export function createKeyCustodian(keyWrap: KeyWrap, store: KeyCustodyStore): KeyCustodian {
  async function rewrapOne(stored: StoredKey, currentKeyId: string): Promise<boolean> {
    let latest: StoredKey | undefined = stored;
    while (latest && latest.key.keyId !== currentKeyId) {
      const { id, keyId, wrapped } = latest.key;
      const dataKey = await keyWrap.unwrap(keyId, Buffer.from(wrapped, 'base64'));
      const again = await keyWrap.wrap(dataKey);
      const key = { id, keyId: again.keyId, wrapped: Buffer.from(again.wrapped).toString('base64') };
      if ((await store.replace(latest, key)) === 'replaced') return true;
      latest = await store.readStored(stored.tenantId, id);
    }
    return false;
  }

  return {
    async shred(tenantId, subject, at) {
      if (!TENANT_ID.test(tenantId)) throw invalidTenant();
      const id = subjectId(tenantId, subject);
      const tombstone = { id, keyId: '', wrapped: '', shreddedAt: at };
      for (;;) {
        const stored = await store.readStored(tenantId, id);
        if (stored?.key.shreddedAt !== undefined) return 'was shredded';
        if (stored === undefined) {
          const first = await store.createIfAbsent(tenantId, tombstone);
          if (first === tombstone) return 'nothing sealed';
        } else if ((await store.replace(stored, tombstone)) === 'replaced') return 'shredded';
      }
    },

    async rewrap(progress = () => undefined) {
      const currentKeyId = await keyWrap.currentKeyId();
      let [keys, rewrapped] = [0, 0];
      for await (const stored of store.dataKeys()) {
        keys += 1;
        if (await rewrapOne(stored, currentKeyId)) rewrapped += 1;
        progress({ keys, rewrapped });
      }
      return { keys, rewrapped };
    },
  };
}
