import type { Hl7Segment } from '../../hl7';
import { encounterPriority } from '../codemaps/encounter';
import { codeableConcept, codingOf } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { parseDecimal } from '../datatypes/nm';
import { location } from '../datatypes/pl';
import { practitioners } from '../datatypes/xcn';
import { terminology } from '../codemaps/table';
import { declare, type DeclaredFields } from '../declared';
import { extend } from '../extensions';
import type { Scope } from '../scope';
import { each, set } from '../set';
import type { Visit } from './pv1';

const r5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter';

const rows: DeclaredFields = {
  2: ['accommodation', 'CodeableConcept', '0129'],
  4: ['transfer-reason', 'CodeableConcept'],
  5: ['valuables', 'string'],
  6: ['valuables-location', 'string'],
  7: ['visit-user', 'CodeableConcept', '0130'],
  10: ['estimated-length-in-days', 'decimal'],
  12: ['visit-description', 'string'],
  14: ['previous-service', 'date'],
  15: ['employment-illness-related', 'boolean'],
  16: ['purge-status', 'CodeableConcept', '0213'],
  17: ['purge-status-date', 'date'],
  18: ['special-program', 'CodeableConcept', '0214'],
  19: ['retention', 'boolean'],
  20: ['expected-insurance-plans', 'integer'],
  21: ['visit-publicity', 'CodeableConcept', '0215'],
  22: ['visit-protection', 'boolean'],
  23: ['clinic', 'Organization'],
  24: ['patient-status', 'CodeableConcept', '0216'],
  26: ['previous-treatment', 'date'],
  27: ['expected-discharge-disposition', 'CodeableConcept', '0112'],
  28: ['signature-on-file', 'date'],
  29: ['first-similar-illness', 'date'],
  30: ['charge-adjustment', 'CodeableConcept', '0218'],
  31: ['recurring-service', 'CodeableConcept', '0219'],
  32: ['billing-media', 'boolean'],
  33: ['expected-surgery', 'dateTime'],
  34: ['military-partnership', 'boolean'],
  35: ['military-non-availability', 'boolean'],
  36: ['newborn', 'boolean'],
  37: ['baby-detained', 'boolean'],
  39: ['recreational-drug-use', 'CodeableConcept', '0431'],
  40: ['level-of-care', 'CodeableConcept', '0432'],
  41: ['precaution', 'CodeableConcept', '0433'],
  42: ['patient-condition', 'CodeableConcept', '0434'],
  43: ['living-will', 'CodeableConcept', '0315'],
  44: ['organ-donor', 'CodeableConcept', '0316'],
  45: ['advance-directive', 'CodeableConcept', '0435'],
  46: ['patient-status-effective', 'date'],
  47: ['expected-return', 'dateTime'],
  48: ['expected-testing', 'dateTime'],
  49: ['notify-clergy', 'CodeableConcept', '0534'],
  50: ['advance-directive-verified', 'date'],
};

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
  declare(encounter, 'Encounter', pv2, rows, scope);
  const arrival = codingOf(pv2.first(38, 'Encounter.extension(encounter-modeOfArrival)'), { table: '0430' });
  if (arrival !== undefined) {
    extend(encounter, {
      url: 'http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival',
      valueCoding: arrival,
    });
  }
}
