import type { FhirResource } from 'fhir/r4';
import {
  convertMessage,
  senderProfileSchema,
  type Conversion,
  type SenderProfile,
} from '../../../src/lib/convert';
import { parseMessage } from '../../../src/lib/hl7';

/** A profile with defaults and what a test changes. */
export function profile(changes: Record<string, unknown> = {}): SenderProfile {
  return senderProfileSchema.parse({
    name: 'test',
    match: { tenant: '*', application: '*', facility: '*' },
    ...changes,
  });
}

export const newYork = profile({ timeZone: 'America/New_York' });

export function convert(
  segments: readonly string[] | string,
  withProfile = newYork,
  tenantId = 'demo',
): Conversion {
  const text = typeof segments === 'string' ? segments : segments.join('\r');
  return convertMessage(parseMessage(text), { tenantId, profile: withProfile });
}

export const msh = (event: string, controlId = 'C1', sender = 'LABSYS|GENERAL'): string =>
  `MSH|^~\\&|${sender}|MEDRELAY|GENERAL|20240105101500-0500||${event}|${controlId}|P|2.5.1`;

export const pid = 'PID|1||100^^^GENERAL&1.2.3&ISO^MR||Sample^Ada||19800102|F';

/** A result message with these OBX (and what follows them). */
export const oru = (...segments: readonly string[]): string[] => [
  msh('ORU^R01^ORU_R01'),
  pid,
  'OBR|1||F1^LAB|24323-8^Panel^LN|||20240105093000-0500|||||||||||||||20240105101000-0500|||F',
  ...segments,
];

export const adt = (event: string, ...segments: readonly string[]): string[] => [
  msh(`ADT^${event}`),
  'EVN||20240105101000-0500',
  ...segments,
];

type OfType<T extends FhirResource['resourceType']> = Extract<FhirResource, { resourceType: T }>;

export function all<T extends FhirResource['resourceType']>(conversion: Conversion, type: T): OfType<T>[] {
  return (conversion.bundle.entry ?? [])
    .map(({ resource }) => resource)
    .filter((resource): resource is OfType<T> => resource?.resourceType === type);
}

export function one<T extends FhirResource['resourceType']>(conversion: Conversion, type: T): OfType<T> {
  const [first, ...others] = all(conversion, type);
  if (first === undefined || others.length > 0) {
    throw new Error(`expected one ${type}, found ${first === undefined ? 0 : others.length + 1}`);
  }
  return first;
}

export const codes = (conversion: Conversion): string[] => conversion.diagnostics.map(({ code }) => code);

export function segment(name: string, fields: Readonly<Record<number, string>>): string {
  const parts: string[] = [name];
  for (const [n, value] of Object.entries(fields)) parts[Number(n)] = value;
  return Array.from(parts, (part) => part ?? '').join('|');
}
