/** An identity that Azure would manage: an app, or the person at the command line. */
export interface ManagedPrincipal {
  /** Names it in the topology. */
  name: string;
  /** `oid` of its tokens: what roles are assigned to. */
  objectId: string;
  /** `appid` of its tokens. */
  clientId: string;
  /** Whoever sends it as X-IDENTITY-HEADER is this principal: an app gets tokens of its own identity alone. */
  header: string;
}

export interface Tenant {
  tenantId: string;
  principals: readonly ManagedPrincipal[];
}
