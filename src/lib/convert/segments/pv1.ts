import type {
  Encounter,
  EncounterHospitalization,
  EncounterLocation,
  Identifier,
  Period,
  Reference,
} from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { bedStatus } from '../codemaps/bed-status';
import {
  admissionType,
  encounterClass,
  eventStatus,
  serviceType,
  specialArrangement,
  undoesDischarge,
} from '../codemaps/encounter';
import { table, terminology } from '../codemaps/table';
import { codeableConcept, codingOf } from '../datatypes/cwe';
import { identifier } from '../datatypes/cx';
import { dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { location } from '../datatypes/pl';
import { practitioners } from '../datatypes/xcn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { eventTime } from './evn';
import type { PatientSubject } from './pid';

export interface Visit {
  readonly encounter: Identified<Encounter>;
  readonly reference: Reference;
}

const kept = {
  1: 'Set id: order of segments in the message.',
  51: 'Protocol: whether the visit or the account is the level at which the sender bills.',
} as const;

/** Who pays and what is owed, in the words of the sender: without an insurer it is no Coverage (R4 payor). */
const rows: DeclaredFields = {
  12: ['preadmit-test', 'CodeableConcept', '0087'],
  20: ['financial-class', 'CodeableConcept', '0064'],
  21: ['charge-price', 'CodeableConcept', '0032'],
  22: ['courtesy', 'CodeableConcept', '0045'],
  23: ['credit-rating', 'CodeableConcept', '0046'],
  24: ['contract', 'CodeableConcept', '0044'],
  25: ['contract-effective', 'date'],
  26: ['contract-amount', 'decimal'],
  27: ['contract-period', 'decimal'],
  28: ['interest', 'CodeableConcept', '0073'],
  29: ['bad-debt', 'CodeableConcept', '0110'],
  30: ['bad-debt-date', 'date'],
  31: ['bad-debt-agency', 'CodeableConcept', '0021'],
  32: ['bad-debt-transferred', 'decimal'],
  33: ['bad-debt-recovered', 'decimal'],
  34: ['account-deleted', 'CodeableConcept', '0111'],
  35: ['account-deleted-date', 'date'],
  41: ['account-status', 'CodeableConcept', '0117'],
  46: ['balance', 'decimal'],
  47: ['charges', 'decimal'],
  48: ['adjustments', 'decimal'],
  49: ['payments', 'decimal'],
};

/** Beside those, when the event takes the discharge back. */
const undone = 'The discharge that this event takes back.';
const keptOfReopened = { ...kept, 36: undone, 37: undone, 45: undone } as const;

const noKeyFor = (numbers: string): string =>
  `PV1 names no visit (${numbers} are empty), so no Encounter was made; the segment stays in the raw message.`;
const noKey = noKeyFor('PV1-19 and PV1-50');
const noKeyOfAdt = noKeyFor('PV1-19, PV1-50, PID-18, PV1-44');

/**
 * PV1: the Encounter. What names a visit: PV1-19, else PV1-50; in an ADT message, which is about the visit, also the
 * account (PID-18), else patient and admit time (PV1-44). A result that names no visit gets no Encounter: any key made
 * up for it would be shared by visits that have nothing to do with each other.
 */
export function mapPv1(segment: Hl7Segment, scope: Scope, subject: PatientSubject): Visit | undefined {
  const isReopened = scope.header.messageCode === 'ADT' && undoesDischarge(scope.event);
  const pv1 = scope.open(segment, isReopened ? keptOfReopened : kept);
  const isAdt = scope.header.messageCode === 'ADT';
  const numbers = list([
    identifier(pv1.first(19, 'Encounter.identifier'), 'VN'),
    ...pv1.all(50, 'Encounter.identifier').map((field) => identifier(field, 'VN')),
  ]);
  const admitted = dateTime(pv1.first(44, 'Encounter.period.start'));
  const id = encounterId(
    scope,
    subject,
    numbers?.[0] ?? (isAdt ? subject.account : undefined),
    isAdt ? admitted : undefined,
  );
  if (id === undefined) {
    const reason = isAdt ? noKeyOfAdt : noKey;
    if (!isEmpty(segment)) pv1.report('info', 'ENCOUNTER_WITHOUT_KEY', reason);
    pv1.keepAll(reason);
    return undefined;
  }
  const discharged = isReopened ? undefined : dateTime(pv1.first(45, 'Encounter.period.end'));
  const classCode = pv1.first(2, 'Encounter.class');
  const encounter: Identified<Encounter> = {
    resourceType: 'Encounter',
    id,
    status: encounterStatus(scope, classCode?.code(1)?.toUpperCase(), admitted, discharged),
    class:
      codingOf(classCode, { table: '0004', map: (code) => encounterClass(code?.toUpperCase()) }) ??
      absentReason('unknown'),
  };
  pv1.entry = `urn:uuid:${id}`;
  set(encounter, 'identifier', numbers);
  set(
    encounter,
    'type',
    list([
      codeableConcept(pv1.first(4, 'Encounter.type'), { table: '0007', map: admissionType }),
      codeableConcept(pv1.first(18, 'Encounter.type'), { table: '0018' }),
    ]),
  );
  set(
    encounter,
    'serviceType',
    codeableConcept(pv1.first(10, 'Encounter.serviceType'), { table: '0069', map: serviceType }),
  );
  encounter.subject = subject.reference;
  set(encounter, 'participant', participants(pv1, scope));
  set(encounter, 'period', period(admitted, discharged, pv1));
  set(encounter, 'hospitalization', hospitalization(pv1, isReopened));
  set(encounter, 'location', locations(pv1, scope, encounter));
  set(encounter, 'episodeOfCare', episodes(pv1));
  const facility = pv1.text(39, 'Encounter.serviceProvider');
  if (facility !== undefined) encounter.serviceProvider = { display: facility };
  declare(encounter, 'Encounter', pv1, rows, scope);
  const reference = scope.add(encounter);
  if (!isAdt) scope.mentions.add(`urn:uuid:${id}`);
  if (isReopened) {
    for (const element of [
      'period.end',
      'hospitalization.dischargeDisposition',
      'hospitalization.destination',
    ])
      scope.deletions.push({ entry: pv1.entry, element });
  }
  return { encounter, reference };
}

const isEmpty = (segment: Hl7Segment): boolean => {
  for (let n = 3; n <= segment.fieldCount; n++) if (segment.field(n).raw !== '') return false;
  return true;
};

function encounterId(
  scope: Scope,
  subject: PatientSubject,
  number: Identifier | undefined,
  admitted: string | undefined,
): string | undefined {
  if (number !== undefined) return scope.id('Encounter', number.system ?? '', number.value ?? '');
  return admitted === undefined ? undefined : scope.id('Encounter', 'Patient', subject.patient.id, admitted);
}

/**
 * Three rules of the guide claim this element. Here the first that speaks wins: an event that ends the visit's story
 * (cancelled, entered in error); a discharge time (finished); the event; for an update (A08) class P (planned) or an admit time (in-progress); else unknown. A result or an update
 * without these does not know the status, and is not asked to.
 */
function encounterStatus(
  scope: Scope,
  classCode: string | undefined,
  admitted: string | undefined,
  discharged: string | undefined,
): Encounter['status'] {
  const byEvent = scope.header.messageCode === 'ADT' ? eventStatus(scope.event) : undefined;
  if (byEvent === 'cancelled' || byEvent === 'entered-in-error') return byEvent;
  if (discharged !== undefined) return 'finished';
  if (scope.header.messageCode !== 'ADT') return 'unknown';
  if (byEvent !== undefined) return byEvent;
  if (classCode === 'P') return 'planned';
  return admitted === undefined ? 'unknown' : 'in-progress';
}

/** Fields of clinicians and their v3-ParticipationType. */
const roles = [
  [7, 'ATND', 'attender'],
  [8, 'REF', 'referrer'],
  [9, 'CON', 'consultant'],
  [17, 'ADM', 'admitter'],
  [52, 'PART', 'Participation'],
] as const;

function participants(pv1: SegmentReader, scope: Scope): Encounter['participant'] {
  const result = roles.flatMap(([n, code, display]) =>
    practitioners(pv1.all(n, 'Encounter.participant'), scope).map((individual) => ({
      type: [{ coding: [{ system: `${terminology}/v3-ParticipationType`, code, display }] }],
      individual,
    })),
  );
  return result.length === 0 ? undefined : result;
}

function hospitalization(pv1: SegmentReader, isReopened: boolean): EncounterHospitalization | undefined {
  const at = (name: string): string => `Encounter.hospitalization.${name}`;
  const result: EncounterHospitalization = {};
  set(result, 'preAdmissionIdentifier', identifier(pv1.first(5, at('preAdmissionIdentifier'))));
  set(result, 'admitSource', codeableConcept(pv1.first(14, at('admitSource')), { table: '0023' }));
  set(result, 'reAdmission', codeableConcept(pv1.first(13, at('reAdmission')), { table: '0092' }));
  set(
    result,
    'dietPreference',
    each(pv1.all(38, at('dietPreference')), (field) => codeableConcept(field, { table: '0114' })),
  );
  set(
    result,
    'specialCourtesy',
    each(pv1.all(16, at('specialCourtesy')), (field) => codeableConcept(field, { table: '0099' })),
  );
  set(
    result,
    'specialArrangement',
    each(pv1.all(15, at('specialArrangement')), (field) =>
      codeableConcept(field, { table: '0009', map: specialArrangement }),
    ),
  );
  if (!isReopened) {
    const destination = pv1.first(37, at('destination'));
    // DLD-1 is a code, with its name in the second subcomponent where there is one.
    const [place, name] = [destination?.get(1), destination?.get(1, 2)];
    if (name !== undefined && place !== undefined)
      result.destination = { display: name, identifier: { value: place } };
    else if ((name ?? place) !== undefined) result.destination = { display: name ?? place ?? '' };
    set(
      result,
      'dischargeDisposition',
      codeableConcept(pv1.first(36, at('dischargeDisposition')), { table: '0112' }),
    );
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

function locations(pv1: SegmentReader, scope: Scope, encounter: Encounter): EncounterLocation[] | undefined {
  const here = locationStatus(encounter.status);
  const [since, until] = transfer(pv1, scope);
  const places = [
    [3, here, since],
    [6, 'completed', until],
    [11, here, undefined],
    [42, 'reserved', undefined],
    [43, 'completed', undefined],
  ] as const;
  return list(
    places.map(([n, status, stay]): EncounterLocation | undefined => {
      const place = location(pv1.first(n, 'Encounter.location'), scope);
      if (place === undefined) return undefined;
      if (n === 3) setBedStatus(place, pv1, scope);
      const result: EncounterLocation = { location: place };
      set(result, 'status', status);
      set(result, 'period', stay);
      return result;
    }),
  );
}

/** PV1-40: of the bed of PV1-3. */
function setBedStatus(place: Reference, pv1: SegmentReader, scope: Scope): void {
  const bed = scope.resources.get(place.reference?.slice('urn:uuid:'.length) ?? '');
  if (bed?.resourceType !== 'Location') return;
  const status = codingOf(pv1.first(40, 'Location.operationalStatus'), { table: '0116', map: bedStatus });
  set(bed, 'operationalStatus', status);
}

/** PV1-53 and 54: an episode that others keep, so it is referred to and not made. */
function episodes(pv1: SegmentReader): Reference[] | undefined {
  const found = each(pv1.all(54, 'Encounter.episodeOfCare'), (field) => identifier(field)) ?? [];
  const references = found.map((number): Reference => ({ type: 'EpisodeOfCare', identifier: number }));
  const display = pv1.text(53, 'Encounter.episodeOfCare');
  if (display === undefined) return references.length === 0 ? undefined : references;
  const [first = { type: 'EpisodeOfCare' }, ...others] = references;
  return [{ ...first, display }, ...others];
}

/** Of a transfer (A02, A17) the time when the patient left PV1-6 for PV1-3: EVN-6, when it happened. */
function transfer(pv1: SegmentReader, scope: Scope): [since: Period | undefined, until: Period | undefined] {
  if (scope.header.messageCode !== 'ADT' || (scope.event !== 'A02' && scope.event !== 'A17'))
    return [undefined, undefined];
  const at = pv1.segment.field(6).raw === '' ? undefined : eventTime(scope, 'Encounter.location.period');
  return at === undefined ? [undefined, undefined] : [{ start: at }, { end: at }];
}

/**
 * Where the patient is follows the visit: a status that is unknown says nothing about the place either, and who is on
 * leave has the bed kept.
 */
const locationStatus = table<NonNullable<EncounterLocation['status']>>({
  finished: 'completed',
  planned: 'planned',
  onleave: 'reserved',
  arrived: 'active',
  'in-progress': 'active',
});
