import type { Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { entityIdentifier } from '../datatypes/ei';
import type { Scope } from '../scope';

const kept = {
  2: 'The phase of the study: R4 names the study.',
  3: 'When in the study: R4 names the study.',
};

/** CTI: the study that the order is part of, by its number: a study has a status, which v2 does not know. */
export function researchStudy(segment: Hl7Segment, scope: Scope): Reference | undefined {
  const cti = scope.open(segment, kept);
  const identifier = entityIdentifier(cti.first(1, 'ServiceRequest.extension(researchStudy)'));
  return identifier && { type: 'ResearchStudy', identifier };
}
