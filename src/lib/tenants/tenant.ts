import * as z from 'zod';
import { BUILT_IN, classificationRules, eventPatterns } from '../audit';
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
  audit: z
    .strictObject({
      preset: z
        .string()
        .min(1)
        .optional()
        .describe(`a preset of config/presets, or ${[...BUILT_IN.keys()].join(', ')}`),
      allowed: eventPatterns.optional().describe('event types, instead of those of the preset'),
      classification: classificationRules
        .optional()
        .describe('what events count as, asked before the preset'),
    })
    .optional(),
  retention: z
    .strictObject({
      auditYears: z
        .int()
        .min(6, 'six years is what 45 CFR 164.316(b)(2)(i) and the look-back of 164.528 ask for')
        .describe('how long audit events are kept; calendar years'),
    })
    .optional(),
  residency: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'is a tag such as eu or us-east')
    .optional()
    .describe('where data may be; a deployment of another MEDRELAY_RESIDENCY refuses the tenant'),
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
