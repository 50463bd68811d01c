import type { Bundle } from 'fhir/r4';
import { directoryPartition, isDirectoryType, patientPartition, type StoredResource } from './documents';
import type { Statement } from './plan';

/** What a conversion makes of a message. `entry` and `mentions` are fullUrls of the Bundle. */
export interface Statements {
  readonly bundle: Bundle;
  readonly deletions: readonly {
    readonly entry: string;
    readonly element: string;
    readonly other?: string;
  }[];
  readonly mentions: readonly string[];
  /** What belonged to another patient until this message: `from` is that patient's fullUrl. */
  readonly moves?: readonly { readonly entry: string; readonly from: string }[];
}

/** The Bundle's resources with `urn:uuid:x` references turned into `Type/x`. The Bundle itself is not changed. */
export function readStatements({ bundle, deletions, mentions, moves = [] }: Statements): Statement[] {
  const entries = bundle.entry ?? [];
  const targets = new Map<string, string>();
  for (const { fullUrl, resource } of entries) {
    if (fullUrl !== undefined && resource?.id !== undefined) {
      targets.set(fullUrl, `${resource.resourceType}/${resource.id}`);
    }
  }
  const mentioned = new Set(mentions);
  return entries.flatMap(({ fullUrl, resource }) => {
    if (fullUrl === undefined || resource?.id === undefined) return [];
    const from = targets.get(moves.find(({ entry }) => entry === fullUrl)?.from ?? '');
    return {
      resource: rewrite(resource, targets) as StoredResource,
      deletions: deletions
        .filter(({ entry }) => entry === fullUrl)
        .map(({ element, other }) =>
          other === undefined ? { element } : { element, other: targets.get(other) ?? other },
        ),
      isMention: mentioned.has(fullUrl),
      ...(from !== undefined && { movedFrom: from.slice('Patient/'.length) }),
    };
  });
}

function rewrite(value: unknown, targets: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, targets));
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(value)) {
    // As JSON will leave it out, so that a comparison with what is stored does not see a difference.
    if (child === undefined) continue;
    copy[name] =
      name === 'reference' && typeof child === 'string'
        ? (targets.get(child) ?? child)
        : rewrite(child, targets);
  }
  return copy;
}

/** Where R4 resources name their patient (search parameter `patient` of each type). */
const patientElements = ['subject', 'patient', 'beneficiary', 'for', 'individual', 'target'] as const;

/**
 * By partition, directory partitions apart: they are written first, so whoever reads a patient's resource finds what
 * it refers to. What names no patient (Provenance, MessageHeader) goes with the message's first patient.
 */
export function partitionStatements(
  tenantId: string,
  statements: readonly Statement[],
): { readonly directory: Map<string, Statement[]>; readonly patients: Map<string, Statement[]> } {
  const firstPatient = statements.find(({ resource }) => resource.resourceType === 'Patient')?.resource.id;
  const directory = new Map<string, Statement[]>();
  const patients = new Map<string, Statement[]>();
  for (const statement of statements) {
    const { resource } = statement;
    const patient = isDirectoryType(resource.resourceType)
      ? undefined
      : (patientOf(resource) ?? firstPatient);
    const [group, pk] =
      patient === undefined
        ? [directory, directoryPartition(tenantId, resource.resourceType, resource.id)]
        : [patients, patientPartition(tenantId, patient)];
    const members = group.get(pk);
    if (members) members.push(statement);
    else group.set(pk, [statement]);
  }
  return { directory, patients };
}

/** The id of the patient whom a resource is about. */
export function patientOf(resource: StoredResource): string | undefined {
  if (resource.resourceType === 'Patient') return resource.id;
  const elements: object = resource;
  for (const name of patientElements) {
    const value: unknown = Reflect.get(elements, name);
    for (const candidate of Array.isArray(value) ? value : [value]) {
      const reference: unknown = (candidate as { reference?: unknown } | undefined)?.reference;
      if (typeof reference === 'string' && reference.startsWith('Patient/')) {
        return reference.slice('Patient/'.length);
      }
    }
  }
  return undefined;
}
