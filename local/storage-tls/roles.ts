/** A data action of Azure Storage, after `Microsoft.Storage/storageAccounts/`. */
export interface Need {
  /** Any of them does. */
  anyOf: readonly string[];
  /** A container or a queue; empty for the account itself. */
  resource: string;
}

/** A principal of Microsoft Entra ID and its roles, each on the account, or on one container or queue. */
export interface StoragePrincipal {
  /** `oid` of its tokens. */
  id: string;
  roles: readonly { role: string; scope?: string }[];
}

export const containers = 'blobServices/containers';
export const blobs = `${containers}/blobs`;
export const queues = 'queueServices/queues';
export const messages = `${queues}/messages`;

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage */
const roles: Record<string, readonly string[]> = {
  'Storage Blob Data Owner': [`${containers}/*`],
  'Storage Blob Data Contributor': [
    ...[`${containers}/delete`, `${containers}/read`, `${containers}/write`],
    ...[`${blobs}/add/action`, `${blobs}/delete`, `${blobs}/move/action`, `${blobs}/read`, `${blobs}/write`],
  ],
  'Storage Blob Data Reader': [`${containers}/read`, `${blobs}/read`],
  'Storage Queue Data Contributor': [
    ...[`${queues}/delete`, `${queues}/read`, `${queues}/write`],
    ...[`${messages}/delete`, `${messages}/process/action`, `${messages}/read`, `${messages}/write`],
  ],
  'Storage Queue Data Reader': [`${queues}/read`, `${messages}/read`],
  'Storage Queue Data Message Processor': [`${messages}/process/action`, `${messages}/read`],
  'Storage Queue Data Message Sender': [`${messages}/add/action`],
};

/** A misspelt role would only show as a refusal that nobody understands. */
export function checkPrincipals(principals: readonly StoragePrincipal[]): void {
  for (const { id, roles: own } of principals) {
    const wrong = own.find(({ role }) => !Object.hasOwn(roles, role));
    if (wrong !== undefined)
      throw new Error(
        `'${wrong.role}' of principal ${id} is no built-in role of Storage. Known are: ${Object.keys(roles).join(', ')}.`,
      );
  }
}

export const isAllowed = (
  principals: readonly StoragePrincipal[],
  id: unknown,
  needs: readonly Need[],
): boolean => {
  const own = principals.filter((principal) => principal.id === id).flatMap((principal) => principal.roles);
  return needs.every(({ anyOf, resource }) =>
    own.some(
      ({ role, scope }) =>
        (scope === undefined || scope === resource) &&
        anyOf.some((action) => roles[role]?.some((pattern) => matches(pattern, action))),
    ),
  );
};

const matches = (pattern: string, action: string): boolean =>
  pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : pattern === action;
