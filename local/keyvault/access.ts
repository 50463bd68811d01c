import { forbidden, KeyVaultError } from './errors';

/** Who may do what: a principal of Microsoft Entra ID and its roles on this vault (the RBAC permission model). */
export interface VaultPrincipal {
  /** `oid` of its tokens. */
  id: string;
  /** Built-in roles by name. */
  roles: readonly string[];
}

export interface VaultIdentities {
  principals: readonly VaultPrincipal[];
  tenantId: string;
  /** The claims of a token that is genuine, in time and meant for Key Vault. */
  verify(token: string): Record<string, unknown> | undefined;
}

/** https://learn.microsoft.com/azure/key-vault/general/rbac-guide, without what is not here. */
const roles: Record<string, readonly string[]> = {
  'Key Vault Administrator': ['*'],
  'Key Vault Reader': ['keys/read', 'secrets/readMetadata/action'],
  'Key Vault Secrets Officer': ['secrets/*'],
  'Key Vault Secrets User': ['secrets/getSecret/action', 'secrets/readMetadata/action'],
  'Key Vault Crypto Officer': ['keys/*'],
  'Key Vault Crypto User': [
    'keys/read',
    'keys/update/action',
    'keys/encrypt/action',
    'keys/decrypt/action',
    'keys/wrap/action',
    'keys/unwrap/action',
    'keys/sign/action',
    'keys/verify/action',
  ],
  'Key Vault Crypto Service Encryption User': ['keys/read', 'keys/wrap/action', 'keys/unwrap/action'],
};

export interface Caller {
  /** `action` without `Microsoft.KeyVault/vaults/`. */
  require(action: string, resource: string): void;
}

/** A misspelt role would only show as a refusal that nobody understands. */
export function checkPrincipals(principals: readonly VaultPrincipal[]): void {
  for (const { id, roles: own } of principals) {
    const wrong = own.find((role) => !Object.hasOwn(roles, role));
    if (wrong !== undefined)
      throw new Error(
        `'${wrong}' of principal ${id} is no built-in role of Key Vault. Known are: ${Object.keys(roles).join(', ')}.`,
      );
  }
}

export function callerOf(authorization: string | undefined, { principals, verify }: VaultIdentities): Caller {
  const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined)
    throw new KeyVaultError(401, 'Unauthorized', 'AKV10000: Request is missing a Bearer or PoP token.');
  const claims = verify(token);
  if (!claims)
    throw new KeyVaultError(
      401,
      'Unauthorized',
      'AKV10046: Unable to resolve the key used for signature validation, or the token is not in time or not meant for ' +
        'https://vault.azure.net.',
    );
  const [id, appid] = [String(claims['oid']), String(claims['appid'])];
  const granted = principals
    .filter((principal) => principal.id === id)
    .flatMap((principal) => principal.roles.flatMap((role) => roles[role] ?? []));
  return {
    require(action, resource) {
      if (granted.some((pattern) => matches(pattern, action))) return;
      throw forbidden(
        'Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role ' +
          'definitions were changed recently, please observe propagation time.\r\n' +
          `Caller: appid=${appid};oid=${id}\r\nAction: 'Microsoft.KeyVault/vaults/${action}'\r\n` +
          `Resource: '${resource}'\r\nAssignment: (not found)\r\n`,
        'ForbiddenByRbac',
      );
    },
  };
}

const matches = (pattern: string, action: string) =>
  pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : pattern === action;
