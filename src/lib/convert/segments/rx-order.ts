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
import { contactPoint } from '../datatypes/xtn';
import { codeKey, identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { medication, productCode, type Product } from './medication';
import { mapNotes } from './nte';
import { addOrderEvent, codedOrganization, type CommonOrder } from './orc';
import type { PatientSubject } from './pid';
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
}

/** What one segment says; RXE and RXO say the same of one prescription, and RXE, the pharmacy's word, comes first. */
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
    const where = each(places, address)?.map((value) =>
      value.use === 'home' ? { ...value, use: 'work' as const } : value,
    );
    const telecom = each(phones, (field) => contactPoint(field, 'work'));
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

/**
 * RXO and RXE of one order: a MedicationRequest. The guide's intent is original-order, which is what RXO is; RXE is
 * the order as the pharmacy holds it, and RXG one giving of it (R4: instance-order).
 */
export function mapPrescription(
  orc: CommonOrder | undefined,
  details: readonly PharmacyDetail[],
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Identified<MedicationRequest> {
  const intents = { RXO: 'original-order', RXE: 'order', RXG: 'instance-order' } as const;
  // The last is the most processed: its word comes first.
  const ordered = [...details].reverse();
  const read = ordered.map((detail) => readDetail(detail, scope));
  const code = read.map(({ product }) => product.code).find((one) => one !== undefined);
  const instance = ordered[0]?.name === 'RXG' ? [String(ordered[0].segment.occurrence)] : [];
  const id = scope.nextId('MedicationRequest', ...prescriptionKey(orc, code, scope, subject), ...instance);
  if (ordered[0] !== undefined) scope.open(ordered[0].segment).entry = `urn:uuid:${id}`;
  const request = {
    resourceType: 'MedicationRequest',
    id,
    status: (orc && prescriptionStatus(orc)) ?? 'unknown',
    intent: intents[ordered[0]?.name ?? 'RXO'],
  } as Identified<MedicationRequest>;
  const numbers = [
    orc?.placer,
    orc?.filler,
    ...(orc?.otherIdentifiers ?? []),
    ...read.map(({ number }) => number),
  ];
  set(request, 'identifier', list(numbers));
  set(request, 'statusReason', orc?.statusReason);
  set(request, 'groupIdentifier', orc?.requisition);
  const product: Product = {
    code,
    form: first(read, ({ product: { form } }) => form),
    strength: first(read, ({ product: { strength: one } }) => one),
    components: read.find(({ product: { components } }) => components.length > 0)?.product.components ?? [],
  };
  Object.assign(request, medication(product, id, scope));
  request.subject = subject.reference;
  set(request, 'encounter', visit?.reference);
  for (const one of read) merge(request, one.request);
  addSetting(request, orc);
  if (orc?.authoredOn !== undefined) request.authoredOn = orc.authoredOn;
  set(
    request,
    'priority',
    first(read, ({ priority }) => priority),
  );
  const orderers = read.flatMap(({ orderers: some }) => some);
  set(request, 'requester', orc?.requester ?? orderers[0]);
  const parents = orc?.parents.map((parent) => ({ ...parent, type: 'MedicationRequest' }));
  if (parents !== undefined && parents.length > 0) request.basedOn = parents;
  const [dosage = [], ...less] = read.map(({ dosages: some }) => some).filter((some) => some.length > 0);
  // What the order said of its one dosage completes each of the encoded ones.
  for (const [other, ...more] of less)
    if (other !== undefined && more.length === 0) for (const one of dosage) merge(one, other);
  if (dosage.length > 0) request.dosageInstruction = [...dosage];
  const supplies: MedicationRequestDispenseRequest = {};
  for (const one of read) merge(supplies, one.supply);
  if (Object.keys(supplies).length > 0) request.dispenseRequest = supplies;
  if (orc?.security !== undefined) request.meta = { security: [orc.security] };
  for (const valueContactPoint of orc?.callback ?? [])
    extend(request, {
      url: 'http://hl7.org/fhir/StructureDefinition/servicerequest-order-callback-phone-number',
      valueContactPoint,
    });
  keepSecondWord(details, scope);
  const reference = scope.add(request);
  if (orc !== undefined) {
    const agents: Provenance['agent'] = [
      ...orderers.slice(orc.requester === undefined ? 1 : 0).map((who) => agent('author', 'Author', who)),
      ...read.flatMap(({ verifiers }) => verifiers).map((who) => agent('verifier', 'Verifier', who)),
    ];
    addOrderEvent(orc, reference, scope, agents);
  }
  return request;
}

const agent = (code: string, display: string, who: Reference): Provenance['agent'][number] => ({
  type: { coding: [{ system: `${terminology}/provenance-participant-type`, code, display }] },
  who,
});

const first = <T>(read: readonly Prescription[], get: (one: Prescription) => T | undefined): T | undefined =>
  read.map(get).find((value) => value !== undefined);

/** Adds what is not there. */
function merge<T extends object>(target: T, other: T): void {
  for (const [key, value] of Object.entries(other))
    if (!Object.hasOwn(target, key)) Object.assign(target, { [key]: value });
}

function addSetting(request: MedicationRequest, orc: CommonOrder | undefined): void {
  const field = orc?.reader.first(29, 'MedicationRequest.category');
  const setting = codeableConcept(field, {
    table: '0482',
    map: (code) => prescriptionSetting(code?.toUpperCase()),
  });
  if (setting !== undefined) request.category = [...(request.category ?? []), setting];
}

/** Facts of one field each, of which R4 has one: where RXE says another than RXO, RXO's stays in the raw copy. */
const single = [
  'code',
  'minimum',
  'maximum',
  'unit',
  'form',
  'dispenseAmount',
  'dispenseUnit',
  'refills',
  'rate',
  'rateUnit',
  'dailyDose',
  'pharmacy',
] as const;

function keepSecondWord(details: readonly PharmacyDetail[], scope: Scope): void {
  const rxo = details.find(({ name }) => name === 'RXO');
  const rxe = details.find(({ name }) => name === 'RXE');
  if (rxo === undefined || rxe === undefined) return;
  for (const fact of single) {
    const [said, encoded] = [fieldsOf.RXO[fact], fieldsOf.RXE[fact]];
    const other = rxe.segment.field(encoded);
    if (!other.isPopulated || other.raw === rxo.segment.field(said).raw) continue;
    for (const field of scope.open(rxo.segment).all(said, 'MedicationRequest'))
      field.keep('RXE, the encoded order, says it otherwise.');
  }
}

/** A prescription is its number (the placer's, which every message about it repeats) and its product. */
export function prescriptionKey(
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
