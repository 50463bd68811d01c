import * as z from 'zod';
import type { MessageHeader } from '../hl7';
import { valueTypes } from './declared';

const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

const uri = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/,
    'must be an absolute URI, e.g. urn:oid:1.2.3 or https://example.org/mrn',
  );
const pattern = z.string().min(1, 'name a value or use *');

/** A Z segment: which resource its fields belong to, and as what. */
const zSegment = z.strictObject({
  on: z
    .string()
    .regex(/^[A-Z][A-Za-z]+$/, 'must be a FHIR resource type, e.g. Patient')
    .describe('the nearest resource of this type before the segment takes the fields'),
  fields: z
    .record(
      z.string().regex(/^[1-9]\d{0,2}$/, 'must be a field number, e.g. 3'),
      z.strictObject({
        extension: uri.describe('url of the extension'),
        type: z.enum(valueTypes).describe('type of its value'),
        table: z
          .string()
          .regex(/^\d{4}$/)
          .optional()
          .describe('HL7 table of a code sent without a system'),
      }),
    )
    .refine((fields) => Object.keys(fields).length > 0, 'must map at least one field'),
});

/** What a profile need not say. */
const defaults = {
  identifierTypeOrder: ['MR', 'PI'],
  namespaces: {},
  codeSystems: {},
  events: {},
  codes: {},
  zSegments: {},
  processingIds: ['P'] as ('P' | 'T' | 'D')[],
};

/** One file under config/profiles: how to read what one sender says. */
export const senderProfileSchema = z.strictObject({
  name: z.string().min(1),
  match: z
    .strictObject({
      tenant: pattern.describe('tenant id, or * for any'),
      application: pattern.describe('MSH-3, or * for any'),
      facility: pattern.describe('MSH-4, or * for any'),
    })
    .describe('which messages this profile is for; the most specific match wins'),
  timeZone: z
    .string()
    .refine(isTimeZone, 'is not an IANA time zone, e.g. America/New_York')
    .optional()
    .describe('zone of times sent without one; without it such times become dates'),
  charset: z.string().min(1).optional().describe('character set when MSH-18 is empty'),
  identifierTypeOrder: z
    .array(z.string().min(1))
    .min(1)
    .default(defaults.identifierTypeOrder)
    .describe('which PID-3 identifies the patient: the first of these types (CX-5), else the first of all'),
  namespaces: z
    .record(z.string(), uri)
    .default(defaults.namespaces)
    .describe('HD.1 namespace id to identifier system, where the sender sends no universal id'),
  codeSystems: z
    .record(z.string(), uri)
    .default(defaults.codeSystems)
    .describe('local coding system id (CWE-3, e.g. L or 99LAB) to code system'),
  events: z
    .record(
      z
        .string()
        .regex(
          /^[A-Z]{3}\^(?:[A-Z][A-Z0-9]{2}|\*)$/,
          'name an event like ADT^A20, or all of a type like ADT^*',
        ),
      z.enum(['generic', 'reject']),
    )
    .default(defaults.events)
    .describe(
      'trigger events to treat differently: generic converts an event that is not known as a snapshot (ADT) or a result (ORU), reject refuses one, known or not; the exact event counts more than *',
    ),
  codes: z
    .record(
      z.string().regex(/^[A-Z][A-Z0-9]{2}-[1-9]\d{0,2}$/, 'must be a field, e.g. PV1-2'),
      z.record(z.string().min(1), z.string().min(1)),
    )
    .default(defaults.codes)
    .describe('field to code as this sender writes it to code of the HL7 table, e.g. PID-8: { "1": "M" }'),
  zSegments: z
    .record(z.string().regex(/^Z[A-Z0-9]{2}$/, 'must be the name of a Z segment, e.g. ZPI'), zSegment)
    .default(defaults.zSegments)
    .describe('Z segments to carry; one that is not here stays in the raw message'),
  controlIdReuseDays: z
    .number()
    .positive()
    .optional()
    .describe(
      'days after which a control id (MSH-10) may come again for another message, for senders whose counter restarts; without it a control id is used once',
    ),
  silentAfterMinutes: z
    .number()
    .positive()
    .optional()
    .describe('`medrelay status` warns when nothing has come from this sender for so long'),
  processingIds: z
    .array(z.enum(['P', 'T', 'D']))
    .min(1)
    .default(defaults.processingIds)
    .describe('accepted MSH-11: production only unless test or debugging data is wanted here'),
});

export type SenderProfile = z.infer<typeof senderProfileSchema>;

export const defaultProfile: SenderProfile = {
  name: 'default',
  match: { tenant: '*', application: '*', facility: '*' },
  ...defaults,
};

/** The most specific profile that matches: application counts more than facility, facility more than tenant. */
export function selectProfile(
  profiles: readonly SenderProfile[],
  tenantId: string,
  header: Pick<MessageHeader, 'sendingApplication' | 'sendingFacility'>,
): SenderProfile {
  let best = defaultProfile;
  let bestScore = -1;
  for (const profile of profiles) {
    const { tenant, application, facility } = profile.match;
    const score = rate([
      [application, header.sendingApplication],
      [facility, header.sendingFacility],
      [tenant, tenantId],
    ]);
    if (score > bestScore) [best, bestScore] = [profile, score];
  }
  return best;
}

/** -1 where a pair does not match, else a binary number with a one for every exact match. */
function rate(pairs: readonly (readonly [wanted: string, actual: string])[]): number {
  let score = 0;
  for (const [wanted, actual] of pairs) {
    if (wanted !== '*' && wanted !== actual) return -1;
    score = score * 2 + (wanted === '*' ? 0 : 1);
  }
  return score;
}
