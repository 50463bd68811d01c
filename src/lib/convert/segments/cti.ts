import type { Extension, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { entityIdentifier } from '../datatypes/ei';
import { extend } from '../extensions';
import type { Scope } from '../scope';

const kept = {
  2: 'The phase of the study: R4 names the study.',
  3: 'When in the study: R4 names the study.',
};

const url = 'http://hl7.org/fhir/StructureDefinition/workflow-researchStudy';

/** CTI: the study that an order is part of, by its number: a study has a status, which v2 does not know. */
export function addStudies(
  segments: readonly Hl7Segment[],
  order: { extension?: Extension[]; resourceType: string },
  scope: Scope,
): void {
  for (const segment of segments) {
    const cti = scope.open(segment, kept);
    const identifier = entityIdentifier(cti.first(1, `${order.resourceType}.extension(researchStudy)`));
    if (identifier === undefined) continue;
    const valueReference: Reference = { type: 'ResearchStudy', identifier };
    extend(order, { url, valueReference });
  }
}
