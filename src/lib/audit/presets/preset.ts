import * as z from 'zod';
import { CLASSIFICATIONS, FRAMEWORKS } from '../types';
import { FAIL_CLOSED_CLASSES } from './fail-closed';
import { PATTERN } from './pattern';
import { REQUIREMENTS } from './requirements';

export const eventPatterns = z
  .array(z.string().regex(PATTERN, 'is a name of events such as fhir.read, with * for any characters'))
  .min(1);
const coding = z.strictObject({
  system: z.string().min(1),
  code: z.string().min(1),
  display: z.string().optional(),
});

/** The first rule whose patterns fit decides; what an event states itself is never overruled. */
const rule = <T extends z.ZodType>(value: T) =>
  z.array(z.strictObject({ events: eventPatterns, is: value })).readonly();

export const classificationRules = rule(z.enum(CLASSIFICATIONS));

/**
 * What a tenant expects of its events: which types there are, what they count as, and what each must say. It adds
 * and flags; it never drops an event, for the one that nobody expected is the one an auditor wants to see.
 */
export const presetSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'may hold a-z, 0-9 and hyphens'),
  version: z.string().min(1),
  /** Others are flagged `type-not-allowed`. */
  allowed: eventPatterns,
  classification: classificationRules,
  frameworks: rule(z.array(z.enum(FRAMEWORKS))),
  purpose: rule(z.array(coding)),
  requirements: z.array(z.strictObject({ events: eventPatterns, require: z.enum(REQUIREMENTS) })).readonly(),
  /** An agent's `who`, or what follows its last slash, that several people share. */
  sharedPrincipals: z.array(z.string().min(1)),
  /** Refused, not journaled, while store and queue are both away. */
  failClosed: z.array(z.enum(FAIL_CLOSED_CLASSES)),
});

export type Preset = z.infer<typeof presetSchema>;
