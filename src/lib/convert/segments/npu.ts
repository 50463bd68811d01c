import type { Location, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { bedStatus } from '../codemaps/bed-status';
import { codingOf } from '../datatypes/cwe';
import { location } from '../datatypes/pl';
import type { Identified, Scope } from '../scope';
import { set } from '../set';

/** NPU: the operational status of a bed, which is no patient's. */
export function mapNpu(segment: Hl7Segment, scope: Scope): Reference | undefined {
  const npu = scope.open(segment);
  const reference = location(npu.first(1, 'Location'), scope);
  const bed = scope.resources.get(reference?.reference?.slice('urn:uuid:'.length) ?? '');
  if (reference === undefined || bed?.resourceType !== 'Location') {
    npu.keepAll('NPU-1 names no bed.');
    return undefined;
  }
  npu.entry = reference.reference;
  set(
    bed as Identified<Location>,
    'operationalStatus',
    codingOf(npu.first(2, 'Location.operationalStatus'), { table: '0116', map: bedStatus }),
  );
  return { reference: `urn:uuid:${bed.id}` };
}
