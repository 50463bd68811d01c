import type { Config } from '../config';
import { MedrelayError } from '../errors';
import { isKeyFileId, keyFileWrap, type KeyWrap } from '../security';
import { keyVaultWrap, vaultKeys } from './key-vault';

/** The keeper of the key-encryption key, chosen at start so that a wrong choice stops the start. */
export function createKeyWrap({ keyVault, keyFile, environment }: Config): KeyWrap {
  const file = keyFile === undefined ? undefined : keyFileWrap(keyFile, environment);
  if (keyVault !== undefined) {
    const vault = keyVaultWrap(vaultKeys(keyVault));
    // Data that began with a key file goes on opening; what is new belongs to the vault.
    return file
      ? {
          currentKeyId: () => vault.currentKeyId(),
          wrap: (dataKey) => vault.wrap(dataKey),
          unwrap: (keyId, wrapped) => (isKeyFileId(keyId) ? file : vault).unwrap(keyId, wrapped),
        }
      : vault;
  }
  if (file === undefined) {
    throw new MedrelayError(
      'CONFIG_INVALID',
      'MEDRELAY_KEY_FILE is missing. Set it to where the key file may be made.',
    );
  }
  return file;
}
