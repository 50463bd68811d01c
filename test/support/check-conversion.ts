import type { Bundle, FhirResource } from 'fhir/r4';
import { convertMessage, defaultProfile, Rejection, type SenderProfile } from '../../src/lib/convert';
import { validateBundle } from '../../src/lib/fhir';
import { parseMessage, splitMessages } from '../../src/lib/hl7';
import { marks } from './any-message';

/** With and without a time zone of the sender: which of them is the text's own chance. */
const profiles: readonly SenderProfile[] = [
  { ...defaultProfile, processingIds: ['P', 'T', 'D'] },
  { ...defaultProfile, processingIds: ['P', 'T', 'D'], timeZone: 'Europe/Berlin' },
];

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];
const keysOf = (): string => prototypes.map((prototype) => Reflect.ownKeys(prototype).length).join();
const cleanKeys = keysOf();

interface Checked {
  readonly rejected: number;
  /** What must not happen, whatever the message; each finding is a defect of ours. */
  readonly findings: readonly string[];
  readonly bundles: readonly Bundle[];
}

/** Bytes to Bundles, with every promise checked that holds for any input at all. */
export function checkConversions(text: string): Checked {
  const findings: string[] = [];
  const bundles: Bundle[] = [];
  let rejected = 0;
  const profile = profiles[text.length % profiles.length] ?? defaultProfile;
  for (const raw of splitMessages(Buffer.from(text)).messages) {
    if (raw.problem !== undefined) {
      rejected++;
      continue;
    }
    const context = { tenantId: 'fuzz', profile };
    try {
      const { bundle, ledger } = convertMessage(parseMessage(raw), context);
      for (const { rule, path } of validateBundle(bundle)) findings.push(`${rule} ${path}`);
      for (const path of dangling(bundle)) findings.push(`dangling ${path}`);
      for (const path of impure(bundle)) findings.push(`not plain ${path}`);
      if (ledger.carried + ledger.kept + ledger.unknown !== ledger.entries.length)
        findings.push('ledger does not add up');
      const again = convertMessage(parseMessage(raw), context).bundle;
      if (JSON.stringify(again) !== JSON.stringify(bundle)) findings.push('not byte-equal');
      bundles.push(bundle);
    } catch (error) {
      if (!(error instanceof Rejection) || error.code === 'CONVERSION_FAILED') {
        const cause = error instanceof Rejection ? error.cause : error;
        findings.push(
          `crash ${cause instanceof Error ? (cause.stack ?? '').split('\n').slice(0, 3).join(' ') : ''}`,
        );
      } else rejected++;
    }
  }
  if (keysOf() !== cleanKeys) findings.push('a prototype was changed');
  return { rejected, findings, bundles };
}

function dangling(bundle: Bundle): string[] {
  const known = new Set((bundle.entry ?? []).map(({ fullUrl }) => fullUrl));
  const found: string[] = [];
  for (const { resource } of bundle.entry ?? []) {
    const contained = new Set(
      ((resource as { contained?: { id?: string }[] }).contained ?? []).map(({ id }) => `#${id}`),
    );
    JSON.stringify(resource, (key, value: unknown) => {
      if (key === 'reference' && typeof value === 'string' && !known.has(value) && !contained.has(value))
        found.push(resource?.resourceType ?? '');
      return value;
    });
  }
  return found;
}

/** Objects with a prototype of their own making, or a key that would set one when copied. */
function impure(node: unknown, path = ''): string[] {
  if (typeof node !== 'object' || node === null) return [];
  if (!Array.isArray(node) && Object.getPrototypeOf(node) !== Object.prototype) return [path];
  if (Object.hasOwn(node, '__proto__')) return [`${path}.__proto__`];
  return Object.entries(node).flatMap(([key, value]) => impure(value, `${path}.${key}`));
}

const personOf = (resource: FhirResource): string | undefined => {
  if (resource.resourceType === 'Patient') return `urn:uuid:${resource.id}`;
  const { subject, patient, beneficiary } = resource as unknown as Record<
    string,
    { reference?: string } | undefined
  >;
  return (subject ?? patient ?? beneficiary)?.reference;
};

/** Marks of somebody else in what is stored with a person. The person's own mark stands in the identifier. */
export function strayMarks(bundle: Bundle): string[] {
  const resources = (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
  const own = new Map<string, string>();
  for (const resource of resources) {
    if (resource.resourceType !== 'Patient') continue;
    const [, number] = /M(\d+)X/.exec(JSON.stringify(resource.identifier) ?? '') ?? [];
    if (number !== undefined) own.set(`urn:uuid:${resource.id}`, number);
  }
  return resources.flatMap((resource) => {
    const number = own.get(personOf(resource) ?? '');
    if (number === undefined) return [];
    return [...JSON.stringify(resource).matchAll(marks)]
      .filter(([, found]) => found !== number)
      .map(() => resource.resourceType);
  });
}
