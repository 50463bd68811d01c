import type { Hl7Segment } from '../../hl7';
import { encounterPriority } from '../codemaps/encounter';
import { codeableConcept, codingOf } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { parseDecimal } from '../datatypes/nm';
import { location } from '../datatypes/pl';
import { practitioners } from '../datatypes/xcn';
import { terminology } from '../codemaps/table';
import { extend } from '../extensions';
import type { Scope } from '../scope';
import { each, set } from '../set';
import type { Visit } from './pv1';

const r5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter';

/** PV2: more of the Encounter that PV1 made. */
export function mapPv2(segment: Hl7Segment, scope: Scope, visit: Visit | undefined): void {
  const pv2 = scope.open(segment);
  if (visit === undefined) {
    pv2.keepAll('PV2 adds to a visit, and the message names none.');
    return;
  }
  const { encounter } = visit;
  pv2.entry = visit.reference.reference;
  const pending = location(pv2.first(1, 'Encounter.location'), scope);
  if (pending !== undefined) (encounter.location ??= []).push({ location: pending, status: 'planned' });
  set(
    encounter,
    'reasonCode',
    each(pv2.all(3, 'Encounter.reasonCode'), (field) => codeableConcept(field)),
  );
  for (const [n, name] of [
    [8, 'plannedStartDate'],
    [9, 'plannedEndDate'],
  ] as const) {
    const valueDateTime = dateTime(pv2.first(n, `Encounter.extension(${name})`));
    if (valueDateTime !== undefined) extend(encounter, { url: `${r5}.${name}`, valueDateTime });
  }
  const days = parseDecimal(pv2.code(11, 'Encounter.length') ?? '');
  if (days !== undefined && days.value >= 0) {
    encounter.length = { value: days.value, unit: 'd', system: 'http://unitsofmeasure.org', code: 'd' };
  }
  const referrers = practitioners(pv2.all(13, 'Encounter.participant'), scope).map((individual) => ({
    type: [{ coding: [{ system: `${terminology}/v3-ParticipationType`, code: 'REF', display: 'referrer' }] }],
    individual,
  }));
  if (referrers.length > 0) (encounter.participant ??= []).push(...referrers);
  set(
    encounter,
    'priority',
    codeableConcept(pv2.first(25, 'Encounter.priority'), { table: '0217', map: encounterPriority }),
  );
  const arrival = codingOf(pv2.first(38, 'Encounter.extension(encounter-modeOfArrival)'), { table: '0430' });
  if (arrival !== undefined) {
    extend(encounter, {
      url: 'http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival',
      valueCoding: arrival,
    });
  }
}
