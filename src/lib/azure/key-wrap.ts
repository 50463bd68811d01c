import type { Config } from '../config';
import { MedrelayError } from '../errors';
import { keyFileWrap, type KeyWrap } from '../security';

/** The keeper of the key-encryption key, chosen at start so that a wrong choice stops the start. */
export function createKeyWrap({ keyVaultUrl, keyFile, environment }: Config): KeyWrap {
  if (keyVaultUrl !== undefined) {
    throw new MedrelayError(
      'KEY_VAULT_UNSUPPORTED',
      'KEY_VAULT_URL is set, but this version keeps its key in a key file only. Remove KEY_VAULT_URL and set ' +
        'MEDRELAY_KEY_FILE on a development machine; do not run it with patient data elsewhere.',
    );
  }
  if (keyFile === undefined) {
    throw new MedrelayError(
      'CONFIG_INVALID',
      'MEDRELAY_KEY_FILE is missing. Set it to where the key file may be made.',
    );
  }
  return keyFileWrap(keyFile, environment);
}
