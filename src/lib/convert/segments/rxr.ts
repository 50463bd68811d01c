import type { CodeableConcept } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { administrationMethod, route as routes } from '../codemaps/pharmacy';
import { codeableConcept } from '../datatypes/cwe';
import type { Scope } from '../scope';

export interface Route {
  readonly route: CodeableConcept | undefined;
  readonly site: CodeableConcept | undefined;
  readonly method: CodeableConcept | undefined;
  readonly instruction: CodeableConcept | undefined;
}

const kept = { 6: 'R4 sites have no modifiers.' };

/** RXR: route, site, method. The device (RXR-3) is how it is given where no method is named. */
export function readRxr(segment: Hl7Segment, scope: Scope, target: string): Route {
  const rxr = scope.open(segment, kept);
  const device = rxr.first(3, `${target}.method`);
  const method = codeableConcept(rxr.first(4, `${target}.method`), {
    table: '0165',
    map: administrationMethod,
  });
  if (method !== undefined) device?.keep('RXR-4 says how it is given.');
  return {
    route: codeableConcept(rxr.first(1, `${target}.route`), { table: '0162', map: routes }),
    site: codeableConcept(rxr.first(2, `${target}.site`), { table: '0163' }),
    method: method ?? codeableConcept(device, { table: '0164' }),
    instruction: codeableConcept(rxr.first(5, `${target}.additionalInstruction`)),
  };
}
