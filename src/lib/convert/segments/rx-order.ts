import type {
  Annotation,
  CodeableConcept,
  Dosage,
  Duration,
  Identifier,
  MedicationRequest,
  MedicationRequestDispenseRequest,
  Provenance,
  Reference,
} from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { prescriptionSetting, prescriptionStatus, substitution } from '../codemaps/orders';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { parseDecimal } from '../datatypes/nm';
import { readTq, type Schedule } from '../datatypes/timing';
import { address } from '../datatypes/xad';
import { practitioners } from '../datatypes/xcn';
import { notHome } from '../datatypes/xon';
import { contactPoint } from '../datatypes/xtn';
import { codeKey, identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { medication, type Product } from './medication';
import { productCode } from './product-code';
import { mapNotes } from './nte';
import { addOrderEvent, codedOrganization, type CommonOrder } from './orc';
import type { PatientSubject } from './pid';
import { addLocations, readPrt } from './prt';
import type { Visit } from './pv1';
import {
  amount,
  doseAndRate,
  instructions,
  keepLonelyUnit,
  perDay,
  strength,
  type StrengthFields,
} from './rx-amounts';
import { readRxr } from './rxr';
import { extend } from '../extensions';

/** Where RXO (the order), RXE (its encoding) and RXG (one giving of it) keep the same facts. */
interface OrderFields {
  readonly timing?: number;
  readonly code: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly unit: number;
  readonly form: number;
  readonly pharmacyInstruction?: number;
  readonly instruction: number;
  readonly substitution?: number;
  readonly dispenseAmount?: number;
  readonly dispenseUnit?: number;
  readonly refills?: number;
  readonly orderer?: number;
  readonly verifier?: number;
  readonly prescription?: number;
  readonly strength: StrengthFields;
  readonly indication: number;
  readonly rate: number;
  readonly rateUnit: number;
  readonly dailyDose?: number;
  readonly otherCodes?: number;
  readonly interval?: number;
  readonly initialAmount?: number;
  readonly pharmacy?: number;
  readonly pharmacyAddress?: number;
  readonly pharmacyPhone?: number;
  readonly orderType?: number;
  readonly ordered?: number;
}

const fieldsOf = {
  RXO: {
    code: 1,
    minimum: 2,
    maximum: 3,
    unit: 4,
    form: 5,
    pharmacyInstruction: 6,
    instruction: 7,
    substitution: 9,
    dispenseAmount: 11,
    dispenseUnit: 12,
    refills: 13,
    orderer: 14,
    verifier: 15,
    strength: { strength: 18, unit: 19, volume: 25, volumeUnit: 26 },
    indication: 20,
    rate: 21,
    rateUnit: 22,
    dailyDose: 23,
    otherCodes: 24,
    orderType: 27,
    interval: 28,
    pharmacy: 32,
    pharmacyAddress: 33,
    pharmacyPhone: 36,
  },
  RXE: {
    timing: 1,
    code: 2,
    minimum: 3,
    maximum: 4,
    unit: 5,
    form: 6,
    pharmacyInstruction: 21,
    instruction: 7,
    dispenseAmount: 10,
    dispenseUnit: 11,
    refills: 12,
    orderer: 13,
    verifier: 14,
    prescription: 15,
    strength: { strength: 25, unit: 26, volume: 33, volumeUnit: 34 },
    indication: 27,
    rate: 23,
    rateUnit: 24,
    dailyDose: 19,
    otherCodes: 31,
    initialAmount: 39,
    pharmacy: 40,
    pharmacyAddress: 41,
    pharmacyPhone: 45,
    orderType: 44,
    ordered: 32,
  },
  RXG: {
    timing: 3,
    code: 4,
    minimum: 5,
    maximum: 6,
    unit: 7,
    form: 8,
    instruction: 13,
    strength: { strength: 17, unit: 18, volume: 23, volumeUnit: 24 },
    indication: 22,
    rate: 15,
    rateUnit: 16,
    orderType: 26,
  },
} as const satisfies Record<string, OrderFields>;

const delivery = 'Where it is delivered: R4 prescriptions do not say.';
const review = 'Whether a person must look at it: protocol between the two systems.';
const course = 'How far the dispensing has come: the dispenses themselves say so.';
const perTime = 'Time unit of the rate: the unit of the rate says it.';
const keptOf = {
  RXO: {
    8: delivery,
    10: 'Suggested product: the pharmacy decides.',
    16: review,
    17: perTime,
    34: delivery,
    35: delivery,
  },
  RXE: {
    8: delivery,
    9: 'What was substituted: the dispense says so.',
    16: course,
    17: course,
    18: course,
    20: review,
    22: perTime,
    28: 'Package size: R4 prescriptions do not say.',
    29: 'Package size: R4 prescriptions do not say.',
    30: 'How it is packed: R4 prescriptions do not say.',
    35: 'Schedule of the controlled drug: knowledge about the product.',
    36: 'Formulary: knowledge about the product.',
    37: 'Alternatives: knowledge about the product.',
    38: course,
    42: delivery,
    43: delivery,
  },
  RXG: {
    1: 'Counter: order of segments in the message.',
    2: 'Counter: order of segments in the message.',
    10: 'What was substituted: the dispense says so.',
    11: delivery,
    12: review,
    14: perTime,
    25: 'Barcode of the label.',
    27: delivery,
  },
} as const;

type OrderSegmentName = keyof typeof fieldsOf;

/** One of RXO, RXE, RXG with what follows it. */
export interface PharmacyDetail {
  readonly name: OrderSegmentName;
  readonly segment: Hl7Segment;
  readonly routes: readonly Hl7Segment[];
  readonly components: readonly Hl7Segment[];
  readonly notes: readonly Hl7Segment[];
  readonly schedules: readonly Schedule[];
  readonly participations: readonly Hl7Segment[];
}

/** What one segment says. */
interface Prescription {
  readonly product: Product;
  readonly request: Partial<MedicationRequest>;
  readonly dosages: readonly Dosage[];
  readonly supply: MedicationRequestDispenseRequest;
  readonly number: Identifier | undefined;
  readonly orderers: readonly Reference[];
  readonly verifiers: readonly Reference[];
  readonly priority: MedicationRequest['priority'];
}

function readDetail(detail: PharmacyDetail, scope: Scope): Prescription {
  const fields: OrderFields = fieldsOf[detail.name];
  const rx = scope.open(detail.segment, keptOf[detail.name]);
  const optional = (n: number | undefined, target: string): ReturnType<SegmentReader['first']> =>
    n === undefined ? undefined : rx.first(n, target);
  const request: Partial<MedicationRequest> = {};
  const allowed = codeableConcept(optional(fields.substitution, 'MedicationRequest.substitution'), {
    table: '0161',
    map: (code) => substitution(code?.toUpperCase()),
  });
  if (allowed !== undefined) request.substitution = { allowedCodeableConcept: allowed };
  set(
    request,
    'reasonCode',
    each(rx.all(fields.indication, 'MedicationRequest.reasonCode'), (field) => codeableConcept(field)),
  );
  const kind = codeableConcept(optional(fields.orderType, 'MedicationRequest.category'), { table: '0480' });
  if (kind !== undefined) request.category = [kind];
  const note = [
    ...pharmacyNotes(rx, fields),
    ...(mapNotes(detail.notes, scope, 'MedicationRequest.note') ?? []),
  ];
  if (note.length > 0) request.note = note;
  set(request, 'authoredOn', dateTime(optional(fields.ordered, 'MedicationRequest.authoredOn')));
  const number = optional(fields.prescription, 'MedicationRequest.identifier')?.code(1);
  const own = (
    fields.timing === undefined ? [] : rx.all(fields.timing, 'MedicationRequest.dosageInstruction')
  )
    .map(readTq)
    .filter((schedule) => schedule !== undefined);
  const schedules = [...detail.schedules, ...own];
  return {
    product: {
      code: productCode(rx, fields.code, fields.otherCodes),
      form: codeableConcept(rx.first(fields.form, 'Medication.form')),
      strength: strength(rx, fields.strength),
      components: detail.components,
    },
    request,
    dosages: dosages(rx, fields, detail, schedules, scope),
    supply: supply(rx, fields, scope),
    number:
      number === undefined
        ? undefined
        : { type: { text: 'Prescription number' }, system: scope.sender.system, value: number },
    orderers:
      fields.orderer === undefined
        ? []
        : practitioners(rx.all(fields.orderer, 'MedicationRequest.requester'), scope),
    verifiers:
      fields.verifier === undefined
        ? []
        : practitioners(rx.all(fields.verifier, 'Provenance.agent.who'), scope),
    priority: schedules.find(({ priority }) => priority !== undefined)?.priority,
  };
}

function pharmacyNotes(rx: SegmentReader, fields: OrderFields): Annotation[] {
  const n = fields.pharmacyInstruction;
  const said =
    n === undefined ? [] : rx.all(n, 'MedicationRequest.note').map((field) => codeableConcept(field));
  return said
    .map((concept) => concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code)
    .filter((text) => text !== undefined)
    .map((text) => ({ text }));
}

/** A dosage for each schedule and route; what the segment says of the dose holds for all. */
function dosages(
  rx: SegmentReader,
  fields: OrderFields,
  detail: PharmacyDetail,
  schedules: readonly Schedule[],
  scope: Scope,
): Dosage[] {
  const target = 'MedicationRequest.dosageInstruction';
  const unit = rx.first(fields.unit, `${target}.doseAndRate`);
  const min = amount(rx.first(fields.minimum, `${target}.doseAndRate`), unit);
  const max = amount(rx.first(fields.maximum, `${target}.doseAndRate`), unit);
  keepLonelyUnit(unit, min ?? max);
  const rateUnit = rx.first(fields.rateUnit, `${target}.doseAndRate`);
  const rate = amount(rx.first(fields.rate, `${target}.doseAndRate`), rateUnit);
  keepLonelyUnit(rateUnit, rate);
  const additional = instructions(rx, fields.instruction) ?? [];
  const daily =
    fields.dailyDose === undefined
      ? undefined
      : perDay(rx.first(fields.dailyDose, `${target}.maxDosePerPeriod`));
  const routes = detail.routes.map((rxr) => readRxr(rxr, scope, target));
  const ways = routes.length > 0 ? routes : [undefined];
  const times = schedules.length > 0 ? schedules : [undefined];
  const all = times.flatMap((schedule) =>
    ways.map((way): Dosage => {
      const dosage: Dosage = {};
      set(dosage, 'text', schedule?.instruction);
      const conditions = list([schedule?.condition])?.map((text): CodeableConcept => ({ text })) ?? [];
      set(dosage, 'additionalInstruction', list([...additional, way?.instruction, ...conditions]));
      set(dosage, 'timing', schedule?.timing ?? bareTiming(schedule));
      if (schedule?.isAsNeeded) dosage.asNeededBoolean = true;
      set(dosage, 'site', way?.site);
      set(dosage, 'route', way?.route);
      set(dosage, 'method', way?.method);
      set(dosage, 'doseAndRate', doseAndRate(min ?? schedule?.quantity, max, rate));
      set(dosage, 'maxDosePerPeriod', daily);
      return dosage;
    }),
  );
  return all.filter((dosage) => Object.keys(dosage).length > 0);
}

/** Start and end alone are still when to take it. */
function bareTiming(schedule: Schedule | undefined): Dosage['timing'] {
  if (schedule === undefined || (schedule.start === undefined && schedule.end === undefined))
    return undefined;
  const boundsPeriod: { start?: string; end?: string } = {};
  set(boundsPeriod, 'start', schedule.start);
  set(boundsPeriod, 'end', schedule.end);
  return { repeat: { boundsPeriod } };
}

function supply(rx: SegmentReader, fields: OrderFields, scope: Scope): MedicationRequestDispenseRequest {
  const target = 'MedicationRequest.dispenseRequest';
  const result: MedicationRequestDispenseRequest = {};
  const optional = (n: number | undefined, element: string): ReturnType<SegmentReader['first']> =>
    n === undefined ? undefined : rx.first(n, `${target}.${element}`);
  const unit = optional(fields.dispenseUnit, 'quantity');
  const first = amount(optional(fields.initialAmount, 'initialFill'), unit);
  if (first !== undefined) result.initialFill = { quantity: first };
  const interval = optional(fields.interval, 'dispenseInterval');
  set(result, 'dispenseInterval', days(interval?.code(1)));
  const refills = optional(fields.refills, 'numberOfRepeatsAllowed');
  const repeats = refills?.code(1);
  if (repeats !== undefined && /^\d{1,9}$/.test(repeats)) result.numberOfRepeatsAllowed = Number(repeats);
  else refills?.keep('The number of refills is no whole number.');
  const quantity = amount(optional(fields.dispenseAmount, 'quantity'), unit);
  keepLonelyUnit(unit, quantity ?? first);
  set(result, 'quantity', quantity);
  const pharmacy = codedOrganization(optional(fields.pharmacy, 'performer'), scope);
  const id = pharmacy?.reference?.slice('urn:uuid:'.length);
  const places =
    fields.pharmacyAddress === undefined ? [] : rx.all(fields.pharmacyAddress, 'Organization.address');
  const phones =
    fields.pharmacyPhone === undefined ? [] : rx.all(fields.pharmacyPhone, 'Organization.telecom');
  if (id === undefined)
    for (const field of [...places, ...phones]) field.keep('No pharmacy is named to have it.');
  else {
    const details: Identified = { resourceType: 'Organization', id };
    const where = each(places, address)?.map(notHome);
    const telecom = each(phones, (field) => contactPoint(field, 'work'))?.map(notHome);
    if (where !== undefined) Object.assign(details, { address: where });
    if (telecom !== undefined) Object.assign(details, { telecom });
    scope.add(details);
  }
  set(result, 'performer', pharmacy);
  return result;
}

function days(sent: string | undefined): Duration | undefined {
  const decimal = sent === undefined ? undefined : parseDecimal(sent);
  return decimal && { value: decimal.value, unit: 'd', system: 'http://unitsofmeasure.org', code: 'd' };
}

/** The guide's intent of RXO; R4 calls the pharmacy's view of an order filler-order, and one giving instance-order. */
const intents = { RXO: 'original-order', RXE: 'order', RXG: 'instance-order' } as const;

/**
 * RXO, RXE or RXG with its ORC: a MedicationRequest. An encoding (RXE) that follows its order (RXO) in one message is
 * the filler's order, based on it: the two may well differ, and neither overwrites the other.
 */
export function mapPrescription(
  orc: CommonOrder | undefined,
  detail: PharmacyDetail | undefined,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
  original?: Identified<MedicationRequest>,
): Identified<MedicationRequest> {
  const name = detail?.name ?? 'RXO';
  const read = detail === undefined ? undefined : readDetail(detail, scope);
  const number = prescriptionKey(orc, read?.product.code, scope, subject);
  const view =
    name === 'RXO' ? [] : name === 'RXE' ? ['encoded'] : ['give', detail?.segment.get(1)?.trim() ?? ''];
  const id = scope.nextId('MedicationRequest', ...number, ...view);
  if (detail !== undefined) scope.open(detail.segment).entry = `urn:uuid:${id}`;
  const request = {
    resourceType: 'MedicationRequest',
    id,
    status: (orc && prescriptionStatus(orc)) ?? 'unknown',
    intent: name === 'RXE' && original !== undefined ? 'filler-order' : intents[name],
  } as Identified<MedicationRequest>;
  const numbers = [orc?.placer, orc?.filler, ...(orc?.otherIdentifiers ?? []), read?.number];
  set(request, 'identifier', list(numbers));
  set(request, 'statusReason', orc?.statusReason);
  set(request, 'groupIdentifier', orc?.requisition);
  const product = read?.product ?? { code: undefined, form: undefined, strength: undefined, components: [] };
  Object.assign(request, medication(product, id, scope));
  request.subject = subject.reference;
  set(request, 'encounter', visit?.reference);
  Object.assign(request, read?.request);
  addSetting(request, orc);
  if (orc?.authoredOn !== undefined) request.authoredOn = orc.authoredOn;
  set(request, 'priority', read?.priority);
  const orderers = read?.orderers ?? [];
  set(request, 'requester', orc?.requester ?? orderers[0]);
  const parents = (orc?.parents ?? []).map((parent): Reference => ({ ...parent, type: 'MedicationRequest' }));
  if (original !== undefined) request.basedOn = [scope.reference(original.id)];
  else if (parents.length > 0) request.basedOn = parents;
  if (read !== undefined && read.dosages.length > 0) request.dosageInstruction = [...read.dosages];
  if (read !== undefined && Object.keys(read.supply).length > 0) request.dispenseRequest = read.supply;
  if (orc?.security !== undefined) request.meta = { security: [orc.security] };
  for (const valueContactPoint of orc?.callback ?? [])
    extend(request, {
      url: 'http://hl7.org/fhir/StructureDefinition/servicerequest-order-callback-phone-number',
      valueContactPoint,
    });
  const participations = (detail?.participations ?? []).map((prt) =>
    readPrt(prt, scope, 'Provenance.agent.who'),
  );
  addLocations(request, participations);
  const reference = scope.add(request);
  if (orc !== undefined) {
    const others = orderers.slice(orc.requester === undefined ? 1 : 0);
    addOrderEvent(orc, reference, scope, [
      ...others.map((who) => agent('author', 'Author', who)),
      ...(read?.verifiers ?? []).map((who) => agent('verifier', 'Verifier', who)),
      ...participations.flatMap(({ actor: who, role }) =>
        who === undefined ? [] : [role === undefined ? { who } : { type: role, who }],
      ),
    ]);
  }
  return request;
}

const agent = (code: string, display: string, who: Reference): Provenance['agent'][number] => ({
  type: { coding: [{ system: `${terminology}/provenance-participant-type`, code, display }] },
  who,
});

function addSetting(request: MedicationRequest, orc: CommonOrder | undefined): void {
  const field = orc?.reader.first(29, 'MedicationRequest.category');
  const setting = codeableConcept(field, {
    table: '0482',
    map: (code) => prescriptionSetting(code?.toUpperCase()),
  });
  if (setting !== undefined) request.category = [...(request.category ?? []), setting];
}

/** A prescription is its number (the placer's, which every message about it repeats) and its product. */
function prescriptionKey(
  orc: CommonOrder | undefined,
  code: CodeableConcept | undefined,
  scope: Scope,
  subject: PatientSubject,
): string[] {
  const number = orc?.placer ?? orc?.filler;
  const own =
    number === undefined
      ? ['message', scope.messageKey, ...codeKey(code)]
      : [number === orc?.placer ? 'placer' : 'filler', ...identifierKey(number), ...codeKey(code)];
  return [subject.patient.id, ...own];
}
