import { MedrelayError } from '../errors';
import { isTenantId } from '../tenants';
import type { IngestPorts } from './ports';
import type { Incoming } from './process-message';

export type Context = Pick<Incoming, 'tenant' | 'refusal' | 'claimedTenant'>;

/** What claims a tenant that does not exist is refused under the default tenant, where somebody will look. */
export function resolveTenant(
  tenantId: string | undefined,
  { tenants }: Pick<IngestPorts, 'tenants'>,
): Context {
  const tenant = tenants.find(tenantId ?? tenants.defaultTenant);
  if (tenant) return { tenant };
  const fallback = tenants.find(tenants.defaultTenant);
  if (!fallback) {
    throw new MedrelayError(
      'TENANT_MISSING',
      'The default tenant is not configured. Add it to config/tenants.',
    );
  }
  // What does not look like a tenant id could be anything, so it is not kept.
  const claimedTenant = tenantId !== undefined && isTenantId(tenantId) ? tenantId : '';
  return { tenant: fallback, refusal: 'UNKNOWN_TENANT', claimedTenant };
}
