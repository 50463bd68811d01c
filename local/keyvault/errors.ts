/** An answer other than success, in Key Vault's form. */
export class KeyVaultError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly inner?: string,
  ) {
    super(message);
  }
}

export const badParameter = (message: string) => new KeyVaultError(400, 'BadParameter', message);

/** Nothing is silently accepted: what the stand-in lacks is named. */
export const notSupported = (what: string) =>
  new KeyVaultError(501, 'NotImplemented', `The local Key Vault does not support ${what}.`);

export type Kind = 'secret' | 'key';

const capital = (kind: Kind) => (kind === 'key' ? 'Key' : 'Secret');

export const notFound = (kind: Kind, name: string, version = '') =>
  new KeyVaultError(
    404,
    `${capital(kind)}NotFound`,
    `A ${kind} with (name/id) ${version ? `${name}/${version}` : name} was not found in this key vault. If you recently ` +
      `deleted this ${kind} you may be able to recover it using the correct recovery command.`,
  );

export const deletedNotFound = (kind: Kind, name: string) =>
  new KeyVaultError(404, `${capital(kind)}NotFound`, `Deleted ${capital(kind)} not found: ${name}`);

export const nameIsDeleted = (kind: Kind, name: string) =>
  new KeyVaultError(
    409,
    'Conflict',
    `${capital(kind)} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this ` +
      'state, the secret can only be recovered or purged.'.replace('secret', kind),
    'ObjectIsDeletedButRecoverable',
  );

export const forbidden = (message: string, inner: string) =>
  new KeyVaultError(403, 'Forbidden', message, inner);
