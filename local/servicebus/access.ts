import { readFileSync } from 'node:fs';
import { audiences, tokenVerifier, type TokenVerifier } from '../identity';

/** https://learn.microsoft.com/azure/service-bus-messaging/service-bus-authentication-and-authorization */
export type Right = 'Listen' | 'Send' | 'Manage';

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/integration */
const roles: Record<string, readonly Right[]> = {
  'Azure Service Bus Data Owner': ['Listen', 'Send', 'Manage'],
  'Azure Service Bus Data Receiver': ['Listen'],
  'Azure Service Bus Data Sender': ['Send'],
};

/** A principal of Microsoft Entra ID and its roles, each on the namespace or on one queue or topic. */
export interface BusPrincipal {
  /** `oid` of its tokens. */
  id: string;
  roles: readonly { role: string; scope?: string }[];
}

export interface BusIdentities {
  principals: readonly BusPrincipal[];
  verify: TokenVerifier;
}

/** What the bearer of a token may do. */
export type Grant = (right: Right, path: string) => boolean;

/** A token that was found good. */
export interface Access {
  grants: Grant;
  /** In milliseconds since 1970. */
  expiresAt: number;
}

/** What a JSON Web Token gives, or undefined when it is not genuine, in time and meant for Service Bus. */
export function accessOf(token: string, { principals, verify }: BusIdentities): Access | undefined {
  const claims = verify(token);
  if (!claims) return undefined;
  const own = principals.filter(({ id }) => id === claims['oid']).flatMap((principal) => principal.roles);
  return {
    grants: (right, path) =>
      own.some(({ role, scope }) => (roles[role] ?? []).includes(right) && covers(scope, path)),
    expiresAt: Number(claims['exp']) * 1000,
  };
}

/** Of a topic also its subscriptions, of a queue also its dead letters. */
function covers(scope: string | undefined, path: string): boolean {
  if (scope === undefined) return true;
  const [wanted, given] = [path.toLowerCase(), scope.toLowerCase()];
  return wanted === given || wanted.startsWith(`${given}/`);
}

/** What an operation of a `$management` node needs; unknown ones are refused where they are handled. */
export function rightOf(operation: string): Right {
  switch (operation) {
    case 'com.microsoft:schedule-message':
    case 'com.microsoft:cancel-scheduled-message':
      return 'Send';
    case 'com.microsoft:add-rule':
    case 'com.microsoft:remove-rule':
    case 'com.microsoft:enumerate-rules':
      return 'Manage';
    default:
      return 'Listen';
  }
}

/** A file `{ "jwks": { "keys": [...] }, "principals": [...] }`. */
export function readIdentities(file: string): BusIdentities {
  const { jwks, principals } = JSON.parse(readFileSync(file, 'utf8')) as {
    jwks: Parameters<typeof tokenVerifier>[0];
    principals: BusPrincipal[];
  };
  for (const { id, roles: own } of principals) {
    const wrong = own.find(({ role }) => !Object.hasOwn(roles, role));
    if (wrong)
      throw new Error(
        `'${wrong.role}' of principal ${id} is no role of Service Bus. Known are: ${Object.keys(roles).join(', ')}.`,
      );
  }
  return { principals, verify: tokenVerifier(jwks, Date.now, audiences.serviceBus) };
}
