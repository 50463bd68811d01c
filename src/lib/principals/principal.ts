/** Who calls over HTTP: a client application, and the person behind it where a token says so. */
export interface Principal {
  readonly client: string;
  readonly user?: { readonly id: string; readonly name?: string };
  readonly roles: readonly Role[];
  /** Those of the configuration; `*` is every tenant of this deployment. */
  readonly tenants: readonly string[];
}

/** `audit.read` sees the audit trail of its tenants, `audit.phi` its sealed fields as well. */
export const ROLES = ['audit.read', 'audit.phi'] as const;
export type Role = (typeof ROLES)[number];

export const maySee = ({ tenants }: Principal, tenantId: string): boolean =>
  tenants.includes('*') || tenants.includes(tenantId);

/** Why a caller is not let in; `status` is that of HTTP. */
export interface Denial {
  readonly status: 401 | 403;
  readonly code: 'TOKEN_INVALID' | 'TOKEN_ISSUER_UNKNOWN' | 'CLIENT_UNKNOWN';
  readonly message: string;
}
