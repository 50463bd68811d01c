import type {
  Annotation,
  CodeableConcept,
  Coding,
  Immunization,
  Location,
  MedicationAdministration,
  MedicationRequest,
  Quantity,
  Reference,
} from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { completionStatus, dataOperation, informationSource } from '../codemaps/orders';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateOnly, dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { location } from '../datatypes/pl';
import { address } from '../datatypes/xad';
import { practitioners } from '../datatypes/xcn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason, extend } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { FieldReader, SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { medication } from './medication';
import { mapNotes } from './nte';
import { addOrderEvent, codedOrganization, type CommonOrder } from './orc';
import type { PatientSubject } from './pid';
import { performersOf, readPrt, type Participation } from './prt';
import type { Visit } from './pv1';
import { amount, keepLonelyUnit, strength } from './rx-amounts';
import { batchOf } from './rxd';
import { readRxr } from './rxr';

const kept = {
  1: 'Number of the give that was administered: none (0), or none that R4 could refer to.',
  2: 'Number of the administration: no number.',
  8: 'Form: R4 administrations have the form of the Medication.',
  12: 'Time unit of the rate: the dose is an amount.',
  14: 'Strength of the product: not of one administration.',
  21: 'Action code: says how to apply the segment, except D.',
  24: 'Strength of the product: not of one administration.',
  25: 'Barcode of the label.',
  26: 'Type of pharmacy order: the prescription has it.',
  29: 'Radio tag of the package.',
};

/** RXA-2 counts the administrations of one order (v2.5.1 ch. 4.14.7.2), which R4 has no element for. */
const rows: DeclaredFields = { 2: ['administration-number', 'integer'] };

/** RXA with what follows it. */
export interface Administration {
  readonly segment: Hl7Segment;
  readonly routes: readonly Hl7Segment[];
  readonly notes: readonly Hl7Segment[];
  readonly participations: readonly Hl7Segment[];
}

/** RXA-21 `D` takes the record back. */
function isDeleted(rxa: SegmentReader, target: string): boolean {
  const isDeletion = rxa.segment.get(21)?.trim().toUpperCase() === 'D';
  if (isDeletion) rxa.code(21, target);
  return isDeletion;
}

/** RXA-21 as what happened to the record, where there is an event to say it of. */
function operationOf(rxa: SegmentReader, { event }: CommonOrder): Coding | undefined {
  if (event.agents.length === 0) return undefined;
  const operation = dataOperation(rxa.segment.get(21)?.trim().toUpperCase());
  if (operation !== undefined) rxa.code(21, 'Provenance.activity');
  return operation;
}

/** 999 is RXA-6's way to say that nobody knows how much it was (v2.5.1 ch. 4.14.7.6). */
function dose(rxa: SegmentReader, target: string): Quantity | undefined {
  const number = rxa.first(6, target);
  const unit = rxa.first(7, target);
  if (number?.code(1) === '999') {
    unit?.keep('A unit without its amount.');
    return absentReason('unknown');
  }
  const quantity = amount(number, unit);
  keepLonelyUnit(unit, quantity);
  return quantity;
}

/** RXA-27 and RXA-28, else RXA-11: an LA2, whose fourth component is the facility and whose 9 to 14 are an address. */
function place(rxa: SegmentReader, target: string, scope: Scope): Reference | undefined {
  const old = rxa.first(11, target);
  const bed = location(rxa.first(27, target), scope);
  const where = rxa.all(28, 'Location.address');
  const [own] = each(where, address) ?? [];
  if (bed?.reference !== undefined) {
    old?.keep('RXA-27 names where it was given.');
    if (own !== undefined) scope.add({ resourceType: 'Location', id: idOf(bed), address: own });
    return bed;
  }
  const result = old === undefined ? undefined : oldPlace(old, scope);
  if (result === undefined) {
    if (own === undefined) return undefined;
    const text = JSON.stringify(own);
    return scope.add({
      resourceType: 'Location',
      id: scope.id('Location', scope.sender.system, text),
      address: own,
    });
  }
  if (own !== undefined) scope.add({ resourceType: 'Location', id: idOf(result), address: own });
  return result;
}

const idOf = (reference: Reference): string => (reference.reference ?? '').slice('urn:uuid:'.length);

function oldPlace(field: FieldReader, scope: Scope): Reference | undefined {
  const levels = [7, 8, 1, 2, 3].map((n) => field.code(n));
  const facility = field.code(4);
  const name = list([...levels, facility])?.join(' ') ?? field.get(10);
  if (name === undefined) return undefined;
  const authority = field.sender.authority(facility, field.code(4, 2), field.code(4, 3));
  const resource: Identified<Location> = {
    resourceType: 'Location',
    id: scope.id('Location', authority, ...levels.map((level) => level ?? ''), 'administered'),
    name,
  };
  const lines = list([field.get(9), field.get(9, 2), field.get(9, 3), field.get(10)]);
  const [city, state, postalCode, country] = [field.get(11), field.get(12), field.get(13), field.get(14)];
  if (lines !== undefined || city !== undefined || postalCode !== undefined) {
    resource.address = {};
    set(resource.address, 'line', lines);
    set(resource.address, 'city', city);
    set(resource.address, 'state', state);
    set(resource.address, 'postalCode', postalCode);
    set(resource.address, 'country', country);
  }
  return { ...scope.add(resource), display: name };
}

const functionOf = (code: string, display: string): CodeableConcept => ({
  coding: [{ system: `${terminology}/v2-0443`, code, display }],
});

/**
 * RXA of a vaccination: an Immunization, or none where the code says that no vaccine was given (CVX 998): such an RXA
 * only carries the observations that follow it.
 */
export function mapImmunization(
  { segment, routes, notes, participations }: Administration,
  orc: CommonOrder | undefined,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Identified<Immunization> | undefined {
  const rxa = scope.open(segment, kept);
  const code = codeableConcept(rxa.first(5, 'Immunization.vaccineCode'));
  const cvx = code?.coding?.find(({ system }) => system === 'http://hl7.org/fhir/sid/cvx');
  if (cvx?.code === '998') {
    rxa.report(
      'info',
      'NO_VACCINE',
      'RXA-5 says that no vaccine was administered (CVX 998); there is no Immunization.',
    );
    rxa.keepAll('RXA-5 says that no vaccine was administered (CVX 998).');
    for (const rxr of routes)
      scope.open(rxr).keepAll('RXA-5 says that no vaccine was administered (CVX 998).');
    orc?.reader.keepAll('The order of no vaccine (CVX 998).');
    return undefined;
  }
  const id = immunizationId(rxa, orc, code, scope, subject);
  rxa.entry = `urn:uuid:${id}`;
  const outcome = rxa.code(20, 'Immunization.status')?.toUpperCase();
  const immunization = {
    resourceType: 'Immunization',
    id,
    // R4 has no unknown here; without RXA-20 the guide takes it as given, as RXA reports what was.
    status: isDeleted(rxa, 'Immunization.status')
      ? 'entered-in-error'
      : (completionStatus(outcome) ?? 'completed'),
  } as Identified<Immunization>;
  if (outcome !== undefined && completionStatus(outcome) === undefined)
    rxa.first(20, 'Immunization.status')?.refuse('CODE_UNMAPPED', 'RXA-20 is not in HL7 table 0322.');
  set(
    immunization,
    'identifier',
    list([orc?.placer, orc?.filler, orc?.requisition, ...(orc?.otherIdentifiers ?? [])]),
  );
  const refusal = each(rxa.all(18, 'Immunization.statusReason'), (field) => codeableConcept(field));
  set(immunization, 'statusReason', mergeConcepts(refusal) ?? orc?.statusReason);
  immunization.vaccineCode = code ?? absentReason('unknown');
  immunization.patient = subject.reference;
  set(immunization, 'encounter', visit?.reference);
  const start = dateTime(rxa.first(3, 'Immunization.occurrence'));
  const end = rxa.first(4, 'Immunization.occurrence');
  if (end?.code(1) !== segment.get(3)?.trim()) end?.keep('The end: R4 immunizations happen at one time.');
  if (start === undefined) Object.assign(immunization, { _occurrenceDateTime: absentReason('unknown') });
  else immunization.occurrenceDateTime = start;
  const entered = dateTime(rxa.first(22, 'Immunization.recorded'));
  set(immunization, 'recorded', entered ?? orc?.event.occurred);
  setSource(immunization, rxa);
  set(immunization, 'location', place(rxa, 'Immunization.location', scope));
  set(immunization, 'manufacturer', codedOrganization(rxa.first(17, 'Immunization.manufacturer'), scope));
  set(immunization, 'lotNumber', rxa.text(15, 'Immunization.lotNumber'));
  set(immunization, 'expirationDate', dateOnly(rxa.first(16, 'Immunization.expirationDate')));
  const [route, ...others] = routes.map((rxr) => readRxr(rxr, scope, 'Immunization'));
  set(immunization, 'site', route?.site);
  set(immunization, 'route', route?.route);
  for (const rxr of routes.slice(others.length > 0 ? 1 : routes.length))
    scope.open(rxr).keepAll('R4 has one route.');
  set(immunization, 'doseQuantity', dose(rxa, 'Immunization.doseQuantity'));
  declare(immunization, 'Immunization', rxa, rows, scope);
  const all = participations.map((prt) => readPrt(prt, scope, 'Immunization.performer'));
  set(immunization, 'performer', immunizationPerformers(rxa, orc, all, scope));
  const texts = mapNotes(notes, scope, 'Immunization.note');
  if (texts !== undefined) immunization.note = [...(immunization.note ?? []), ...texts];
  set(
    immunization,
    'reasonCode',
    each(rxa.all(19, 'Immunization.reasonCode'), (field) => codeableConcept(field)),
  );
  if (outcome === 'PA') {
    immunization.isSubpotent = true;
    immunization.subpotentReason = [
      {
        coding: [
          {
            system: `${terminology}/immunization-subpotent-reason`,
            code: 'partial',
            display: 'Partial Dose',
          },
        ],
      },
    ];
  }
  if (orc?.security !== undefined) immunization.meta = { security: [orc.security] };
  const reference = scope.add(immunization);
  if (orc !== undefined) addOrderEvent(orc, reference, scope, [], operationOf(rxa, orc));
  return immunization;
}

function mergeConcepts(concepts: readonly CodeableConcept[] | undefined): CodeableConcept | undefined {
  if (concepts === undefined) return undefined;
  const coding = concepts.flatMap(({ coding: some }) => some ?? []);
  const texts = concepts.map(({ text }) => text).filter((text) => text !== undefined);
  return {
    ...(coding.length > 0 ? { coding } : {}),
    ...(texts.length > 0 ? { text: texts.join('; ') } : {}),
  };
}

/** Its number; without one, what was given to whom and when. */
function immunizationId(
  rxa: SegmentReader,
  orc: CommonOrder | undefined,
  code: CodeableConcept | undefined,
  scope: Scope,
  subject: PatientSubject,
): string {
  const number = orc?.filler ?? orc?.placer;
  const own =
    number === undefined
      ? ['given', ...codeKey(code), rxa.segment.get(3)?.trim() ?? scope.messageKey]
      : [number === orc?.filler ? 'filler' : 'placer', ...identifierKey(number), ...codeKey(code)];
  return scope.nextId('Immunization', subject.patient.id, ...own);
}

/** RXA-9: `00` is told by who gave it; any other code of NIP001 says where the history is from; other text is a note. */
function setSource(immunization: Immunization, rxa: SegmentReader): void {
  for (const field of rxa.all(9, 'Immunization.primarySource')) {
    const concept = codeableConcept(field);
    const known = concept?.coding
      ?.map(({ code }) => informationSource(code))
      .find((one) => one !== undefined);
    if (known !== undefined && immunization.primarySource === undefined) {
      immunization.primarySource = known.code === '00';
      if (known.code !== '00') immunization.reportOrigin = { coding: [known] };
      continue;
    }
    const text = concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code;
    if (text !== undefined) immunization.note = [...(immunization.note ?? []), { text }];
    field.target = 'Immunization.note';
  }
}

function immunizationPerformers(
  rxa: SegmentReader,
  orc: CommonOrder | undefined,
  participations: readonly Participation[],
  scope: Scope,
): Immunization['performer'] {
  const givers = practitioners(rxa.all(10, 'Immunization.performer'), scope).map((actor) => ({
    function: functionOf('AP', 'Administering Provider'),
    actor,
  }));
  const orderer =
    orc?.requester === undefined
      ? []
      : [{ function: functionOf('OP', 'Ordering Provider'), actor: orc.requester }];
  const others = participations.flatMap(({ actor, role }) =>
    actor === undefined ? [] : [role === undefined ? { actor } : { function: role, actor }],
  );
  return list([...givers, ...orderer, ...others]);
}

/** RXA of an administration report (RAS): what was given of a prescription. */
export function mapAdministration(
  { segment, routes, notes, participations }: Administration,
  orc: CommonOrder | undefined,
  prescription: Identified<MedicationRequest> | undefined,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Identified<MedicationAdministration> {
  const rxa = scope.open(segment, { ...kept, 9: 'Note.' });
  const outcome = rxa.code(20, 'MedicationAdministration.status')?.toUpperCase();
  const code = codeableConcept(rxa.first(5, 'Medication.code'));
  const id = scope.nextId(
    'MedicationAdministration',
    prescription?.id ?? subject.patient.id,
    ...codeKey(code),
    segment.get(3)?.trim() ?? scope.messageKey,
  );
  rxa.entry = `urn:uuid:${id}`;
  const administration = {
    resourceType: 'MedicationAdministration',
    id,
    status: isDeleted(rxa, 'MedicationAdministration.status')
      ? 'entered-in-error'
      : (completionStatus(outcome) ?? 'unknown'),
  } as Identified<MedicationAdministration>;
  set(administration, 'identifier', list([orc?.placer, orc?.filler]));
  set(
    administration,
    'statusReason',
    each(rxa.all(18, 'MedicationAdministration.statusReason'), (field) => codeableConcept(field)),
  );
  const product = {
    code,
    form: codeableConcept(rxa.first(8, 'Medication.form')),
    strength: strength(rxa, { strength: 13, unit: 14, volume: 23, volumeUnit: 24 }),
    components: [],
    manufacturer: codedOrganization(rxa.first(17, 'Medication.manufacturer'), scope),
    batch: batchOf(rxa, 15, 16),
  };
  Object.assign(administration, medication(product, id, scope));
  administration.subject = subject.reference;
  if (visit !== undefined) administration.context = visit.reference;
  const start = rxa.first(3, 'MedicationAdministration.effective');
  const [from, until] = [dateTime(start), dateTime(rxa.first(4, 'MedicationAdministration.effective'))];
  if (until !== undefined && until !== from && start !== undefined) {
    const during = period(from, until, start);
    if (during !== undefined) administration.effectivePeriod = during;
  } else if (from !== undefined) administration.effectiveDateTime = from;
  else Object.assign(administration, { _effectiveDateTime: absentReason('unknown') });
  const givers = practitioners(rxa.all(10, 'MedicationAdministration.performer'), scope);
  const all = participations.map((prt) => readPrt(prt, scope, 'MedicationAdministration.performer'));
  // R4: a person or a device gives a medicine, not an organization.
  const performers = [...givers, ...(performersOf(all) ?? [])].filter(
    (who) => scope.resources.get(idOf(who))?.resourceType !== 'Organization',
  );
  if (performers.length > 0) administration.performer = performers.map((actor) => ({ actor }));
  set(
    administration,
    'reasonCode',
    each(rxa.all(19, 'MedicationAdministration.reasonCode'), (field) => codeableConcept(field)),
  );
  if (prescription !== undefined) administration.request = scope.reference(prescription.id);
  const said = rxa
    .all(9, 'MedicationAdministration.note')
    .map((field) => codeableConcept(field))
    .map((concept) => concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code)
    .filter((text) => text !== undefined)
    .map((text): Annotation => ({ text }));
  const texts = [...said, ...(mapNotes(notes, scope, 'MedicationAdministration.note') ?? [])];
  if (texts.length > 0) administration.note = texts;
  const where = place(rxa, 'MedicationAdministration.extension(location)', scope);
  if (where !== undefined)
    extend(administration, {
      url: 'http://hl7.org/fhir/StructureDefinition/event-location',
      valueReference: where,
    });
  declare(administration, 'MedicationAdministration', rxa, rows, scope);
  setDosage(administration, rxa, routes, scope);
  scope.add(administration);
  return administration;
}

/** R4 mad-1: a dosage says how much. */
function setDosage(
  administration: MedicationAdministration,
  rxa: SegmentReader,
  routes: readonly Hl7Segment[],
  scope: Scope,
): void {
  const quantity = dose(rxa, 'MedicationAdministration.dosage.dose');
  const [way] = routes.map((rxr) => readRxr(rxr, scope, 'MedicationAdministration.dosage'));
  for (const rxr of routes.slice(1)) scope.open(rxr).keepAll('R4 has one route.');
  if (quantity === undefined) {
    for (const rxr of routes) scope.open(rxr).keepAll('R4 wants a dose with a route (mad-1).');
    return;
  }
  const dosage: NonNullable<MedicationAdministration['dosage']> = {};
  set(dosage, 'site', way?.site);
  set(dosage, 'route', way?.route);
  set(dosage, 'method', way?.method);
  dosage.dose = quantity;
  administration.dosage = dosage;
}
