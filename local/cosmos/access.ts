import { readFileSync } from 'node:fs';
import type { JsonWebKey } from 'node:crypto';
import { audiences, tokenVerifier } from '../identity';
import { CosmosError } from './errors';

/** A principal of Microsoft Entra ID and what it may do with data; roles of the service are lists of data actions. */
export interface Principal {
  /** `oid` of its tokens (or `appid`). */
  id: string;
  /** `Microsoft.DocumentDB/databaseAccounts/...`, with `*` for the rest of a name; or the name of a built-in role. */
  dataActions: string[];
  /** `/`, `/dbs/ID` or `/dbs/ID/colls/ID`. @default '/' */
  scope?: string;
}

export interface Identities {
  principals: Principal[];
  /** The claims of a token that is genuine and in time, or undefined. */
  verify(token: string): Record<string, unknown> | undefined;
}

const prefix = 'Microsoft.DocumentDB/databaseAccounts/';
const containers = `${prefix}sqlDatabases/containers`;

/** https://learn.microsoft.com/azure/cosmos-db/nosql/security/reference-data-plane-roles */
const builtInRoles: Record<string, string[]> = {
  'Cosmos DB Built-in Data Reader': [
    `${prefix}readMetadata`,
    `${containers}/items/read`,
    `${containers}/executeQuery`,
    `${containers}/readChangeFeed`,
  ],
  'Cosmos DB Built-in Data Contributor': [
    `${prefix}readMetadata`,
    `${containers}/*`,
    `${containers}/items/*`,
  ],
};

const actions = [
  'readMetadata',
  'executeQuery',
  'readChangeFeed',
  'items/create',
  'items/read',
  'items/replace',
  'items/upsert',
  'items/delete',
] as const;
export type DataAction = (typeof actions)[number];

const fullName = (action: DataAction) =>
  action === 'readMetadata' ? `${prefix}${action}` : `${containers}/${action}`;

/** Who sends a request: the account key may do everything, a principal what its data actions say. */
export interface Caller {
  require(action: DataAction, path: readonly string[]): void;
  /** Databases, containers and throughput are made with the key, or outside the data plane. */
  requireKey(): void;
}

export const keyHolder: Caller = { require: () => undefined, requireKey: () => undefined };

export function callerOf(token: string, identities: Identities | undefined): Caller {
  const claims = identities?.verify(token);
  if (identities === undefined || claims === undefined) {
    throw new CosmosError(
      401,
      'The token of Microsoft Entra ID is not valid here: it must be in time and signed by the identity endpoint that this account trusts.',
    );
  }
  const id = String(claims['oid'] ?? claims['appid'] ?? '');
  const own = identities.principals.filter((principal) => principal.id === id);
  return {
    require(action, path) {
      const name = fullName(action);
      const resource = `/${path.slice(0, 4).join('/')}`;
      const isAllowed = own.some(
        ({ dataActions, scope = '/' }) =>
          // The account itself is there for everybody who may read metadata anywhere.
          (path.length === 0 || covers(scope, resource)) &&
          dataActions
            .flatMap((each) => builtInRoles[each] ?? [each])
            .some((pattern) => matches(pattern, name)),
      );
      if (isAllowed) return;
      throw new CosmosError(
        403,
        `Request blocked by Auth : Request is blocked because principal [${id}] does not have required RBAC permissions to perform action [${name}] on resource [${resource}].`,
        5301,
      );
    },
    requireKey() {
      throw new CosmosError(
        403,
        'Request blocked by Auth : the request cannot be authorized by a token of Microsoft Entra ID in the data plane. Use the account key, or create the resource before.',
        5300,
      );
    },
  };
}

const matches = (pattern: string, name: string) =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

const covers = (scope: string, resource: string) =>
  scope === '/' || resource === scope || resource.startsWith(`${scope}/`);

/** A file `{ "jwks": { "keys": [...] }, "principals": [...] }`. */
export function readIdentities(file: string): Identities {
  try {
    const { jwks, principals } = JSON.parse(readFileSync(file, 'utf8')) as {
      jwks: { keys: JsonWebKey[] };
      principals: Principal[];
    };
    checkPrincipals(principals);
    return { principals, verify: tokenVerifier(jwks, Date.now, audiences.cosmos) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The identities in ${file} cannot be read: ${reason}`, { cause });
  }
}

/** A misspelt action would only show as a refusal that nobody understands. */
function checkPrincipals(principals: readonly Principal[]): void {
  const known = actions.map(fullName);
  for (const { id, dataActions } of principals) {
    const wrong = dataActions.find(
      (each) => !Object.hasOwn(builtInRoles, each) && !known.some((name) => matches(each, name)),
    );
    if (wrong !== undefined)
      throw new Error(`'${wrong}' of principal ${id} is neither a data action nor a built-in role.`);
  }
}
