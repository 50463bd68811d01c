import { createHash } from 'node:crypto';
import type { PrincipalConfig } from './config';
import { ROLES, type Denial, type Principal } from './principal';
import { createTokenReader } from './tokens';

/** What a request brings. The Functions host has checked the key before: here it says which client uses it. */
export interface Credentials {
  readonly functionKey?: string;
  readonly bearer?: string;
}

export interface Principals {
  /** Undefined members of a request are normal; what is wrong about it is said in the denial. */
  authenticate(credentials: Credentials): Promise<Principal | Denial>;
}

export interface PrincipalOptions {
  /** On a developer's machine any key that the host accepts is a client with all roles. */
  readonly isDevelopment: boolean;
}

export function createPrincipals(
  configured: readonly PrincipalConfig[],
  { isDevelopment }: PrincipalOptions,
): Principals {
  const clients = new Map<string, Principal>();
  for (const entry of configured) {
    if (entry.kind !== 'client') continue;
    const { name, tenants, roles, keySha256 } = entry;
    for (const hash of keySha256) clients.set(hash, { client: name, tenants, roles });
  }
  const readToken = createTokenReader(configured.filter((entry) => entry.kind === 'issuer'));

  function clientOf(functionKey: string | undefined): Principal | undefined {
    if (functionKey === undefined) return undefined;
    const known = clients.get(createHash('sha256').update(functionKey).digest('hex'));
    return known ?? (isDevelopment ? { client: 'development', tenants: ['*'], roles: ROLES } : undefined);
  }

  return {
    async authenticate({ functionKey, bearer }) {
      const client = clientOf(functionKey);
      if (bearer === undefined) return client ?? unknownClient;
      const user = await readToken(bearer);
      return 'status' in user || !client ? user : both(client, user);
    },
  };
}

/** A person through a client may do what both may. */
function both(client: Principal, user: Principal): Principal {
  return {
    ...user,
    client: client.client,
    roles: user.roles.filter((role) => client.roles.includes(role)),
    tenants: client.tenants.includes('*')
      ? user.tenants
      : user.tenants.filter((each) => client.tenants.includes(each)),
  };
}

const unknownClient: Denial = {
  status: 403,
  code: 'CLIENT_UNKNOWN',
  message:
    'The key belongs to no client that config/principals describes. Add its SHA-256 there, or send a bearer token.',
};
