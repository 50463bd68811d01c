import * as z from 'zod';
import { TENANT_ID } from '../security';

const name = z.string().min(1, 'name a value or use *');

/** One file under config/tenants: an organisation whose data is kept apart from every other's. */
export const tenantSchema = z.strictObject({
  id: z.string().regex(TENANT_ID, 'may hold a-z, 0-9 and hyphens, at most 63 characters'),
  name: z.string().min(1),
  senders: z
    .array(z.strictObject({ application: name, facility: name }))
    .min(1)
    .describe('who may send for this tenant: MSH-3 and MSH-4, or * for any'),
});

export type Tenant = z.infer<typeof tenantSchema>;

export const isTenantId = (text: string): boolean => TENANT_ID.test(text);

interface SendingSystem {
  readonly sendingApplication: string;
  readonly sendingFacility: string;
}

export function allowsSender(
  { senders }: Tenant,
  { sendingApplication, sendingFacility }: SendingSystem,
): boolean {
  return senders.some(
    ({ application, facility }) =>
      (application === '*' || application === sendingApplication) &&
      (facility === '*' || facility === sendingFacility),
  );
}
