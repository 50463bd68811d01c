import type {
  Attachment,
  CodeableConcept,
  Device,
  DocumentReference,
  Extension,
  Observation,
  ObservationComponent,
  Organization,
  Reference,
} from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { dataAbsentReason, interpretation, observationStatus, unknownValue } from '../codemaps/results';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { encapsulatedData } from '../datatypes/ed';
import { entityIdentifier, entityIdentifierIn } from '../datatypes/ei';
import { parseDecimal } from '../datatypes/nm';
import { asText, literalText, observationValue } from '../datatypes/observation-value';
import { readUnit } from '../datatypes/quantity';
import { referenceRange } from '../datatypes/reference-range';
import { referencePointer } from '../datatypes/rp';
import { sampledData } from '../datatypes/sampled-data';
import { address } from '../datatypes/xad';
import { practitioners } from '../datatypes/xcn';
import { organization } from '../datatypes/xon';
import { absentReason, conceptExtension, dateTimeExtension, extend } from '../extensions';
import { codeKey } from '../keys';
import { longestText, type FieldReader, type SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { mapNotes } from './nte';
import type { OrderContext } from './obr';
import { addLocations, performersOf, readPrt } from './prt';

const protocol = 'For the systems that exchange the result, not about it.';
const kept = {
  1: 'Set id: order of segments in the message.',
  2: 'The table of the value type.',
  6: 'R4 quantities have one unit.',
  9: 'Probability of an interpretation: R4 has none.',
  11: 'The name and table of the code.',
  12: 'Since when the reference range is valid: R4 ranges do not say.',
  13: protocol,
  22: protocol,
  23: 'Kind of name, assigning facility, further names: R4 has one organization here, with one name.',
  26: protocol,
  27: protocol,
  28: protocol,
  31: 'Action code: says how to apply the segment.',
  32: 'Why there is no value: there is one.',
};

/** Types whose repetitions are the lines of one text. */
const textTypes = new Set(['ST', 'TX', 'FT', '']);
const documentTypes = new Set(['ED', 'RP']);
/** Arrays of numbers (ch. 7.14). */
const waveformTypes = new Set(['NA', 'MA']);

/** OBX: an Observation. Every OBX with a value becomes one, whatever else is missing. */
export function mapObx(
  segment: Hl7Segment,
  notes: readonly Hl7Segment[],
  scope: Scope,
  order: OrderContext,
  specimen: Reference | undefined,
  participations: readonly Hl7Segment[] = [],
): Reference {
  const obx = scope.open(segment, kept);
  const coded = codeableConcept(obx.first(3, 'Observation.code'));
  const subId = obx.text(4, 'Observation.extension(v2-subid)');
  const id = scope.nextId('Observation', order.key, ...codeKey(coded), subId ?? '');
  obx.entry = `urn:uuid:${id}`;
  const observation = { resourceType: 'Observation', id } as Identified<Observation>;
  addExtensions(observation, obx, subId);
  const own = entityIdentifier(obx.first(21, 'Observation.identifier'), 'FILL');
  if (own !== undefined) observation.identifier = [own];
  const resultStatus = obx.code(11, 'Observation.status')?.toUpperCase();
  observation.status = status(obx, resultStatus);
  set(
    observation,
    'category',
    list([
      codeableConcept(obx.first(29, 'Observation.category'), { table: '0936' }),
      codeableConcept(obx.first(30, 'Observation.category'), { table: '0937' }),
    ]),
  );
  observation.code = coded ?? missingCode(obx);
  observation.subject = order.subject.reference;
  set(observation, 'encounter', order.visit?.reference);
  setEffective(observation, obx, order);
  const others = participations.map((prt) => readPrt(prt, scope, 'Observation.performer'));
  const who = [...(performers(obx, scope) ?? []), ...(performersOf(others) ?? [])];
  if (who.length > 0) observation.performer = who;
  addLocations(observation, others);
  setValue(observation, obx, scope, order, resultStatus);
  set(observation, 'interpretation', interpretations(obx));
  set(observation, 'note', mapNotes(notes, scope, 'Observation.note'));
  set(observation, 'bodySite', codeableConcept(onlyOne(obx, 20, 'bodySite'), { table: '0163' }));
  set(observation, 'method', codeableConcept(onlyOne(obx, 17, 'method')));
  set(observation, 'specimen', specimen ?? namedSpecimen(obx));
  set(observation, 'device', device(obx, scope) ?? others.flatMap(({ devices }) => devices)[0]);
  return scope.add(observation);
}

/** R4 has one where v2 repeats. */
function onlyOne(obx: SegmentReader, n: number, element: string): FieldReader | undefined {
  const [first, ...others] = obx.all(n, `Observation.${element}`);
  for (const other of others) other.keep(`R4 has one ${element} for an observation.`);
  return first;
}

/** OBX-33: the specimen by its number. */
function namedSpecimen(obx: SegmentReader): Reference | undefined {
  const field = onlyOne(obx, 33, 'specimen');
  const identifier = entityIdentifierIn(field, 2, 'FGN') ?? entityIdentifierIn(field, 1, 'PGN');
  return identifier && { type: 'Specimen', identifier };
}

function status(obx: SegmentReader, code: string | undefined): Observation['status'] {
  const mapped = observationStatus(code);
  if (mapped !== undefined) return mapped;
  if (code === undefined) {
    obx.findings.addOnce(
      'info',
      'STATUS_MISSING',
      'OBX-11 is empty; the status of the observation is unknown.',
      {
        location: () => obx.location,
      },
    );
  } else {
    obx
      .first(11, 'Observation.status')
      ?.refuse('CODE_UNMAPPED', 'OBX-11 is not in HL7 table 0085; the status of the observation is unknown.');
  }
  return 'unknown';
}

function missingCode(obx: SegmentReader): CodeableConcept {
  obx.report('warning', 'CODE_MISSING', 'OBX-3 is empty; the observation says that its code is unknown.');
  return absentReason('unknown');
}

/** OBX-14, else the time of the order's specimen or study (OBR-7), which v2 says it defaults to. */
function setEffective(observation: Observation, obx: SegmentReader, order: OrderContext): void {
  const own = dateTime(obx.first(14, 'Observation.effective'));
  if (own !== undefined) observation.effectiveDateTime = own;
  else if (order.effective.dateTime !== undefined) observation.effectiveDateTime = order.effective.dateTime;
  else set(observation, 'effectivePeriod', order.effective.period);
}

function addExtensions(observation: Observation, obx: SegmentReader, subId: string | undefined): void {
  if (subId !== undefined) {
    extend(observation, {
      url: 'http://hl7.org/fhir/StructureDefinition/observation-v2-subid',
      extension: subIdentifier(obx, subId),
    });
  }
  const nature = codeableConcept(obx.first(10, 'Observation.extension(nature-of-abnormal-test)'), {
    table: '0080',
  });
  if (nature !== undefined)
    extend(observation, conceptExtension('observation-nature-of-abnormal-test', nature));
  const analysed = dateTime(obx.first(19, 'Observation.extension(analysis-date-time)'));
  if (analysed !== undefined)
    extend(observation, dateTimeExtension('observation-analysis-date-time', analysed));
}

/** OBX-4 as sent; v2.9 has it in parts (OG). */
function subIdentifier(obx: SegmentReader, subId: string): Extension[] {
  const field = obx.first(4, 'Observation.extension(v2-subid)');
  const result: Extension[] = [{ url: 'original-sub-identifier', valueString: subId }];
  for (const [component, url] of [
    [2, 'group'],
    [3, 'sequence'],
  ] as const) {
    const number = parseDecimal(field?.code(component) ?? '');
    if (number !== undefined) result.push({ url, valueDecimal: number.value });
  }
  const identifier = field?.get(4);
  if (identifier !== undefined) result.push({ url: 'identifier', valueString: identifier });
  return result;
}

/**
 * The value, or why there is none. obs-6 forbids both: what an OBX-11 of X ("results cannot be obtained") carries
 * as its value is the laboratory's explanation and becomes the text of the reason.
 */
function setValue(
  observation: Identified<Observation>,
  obx: SegmentReader,
  scope: Scope,
  order: OrderContext,
  resultStatus: string | undefined,
): void {
  const type = obx.code(2, 'Observation.value')?.toUpperCase() ?? '';
  const unitField = obx.first(6, 'Observation.value.unit');
  const unit = readUnit(unitField);
  const values = obx.all(5, 'Observation.value');
  if (values.length === 0) {
    const why = codeableConcept(obx.first(32, 'Observation.dataAbsentReason'));
    if (why !== undefined) observation.dataAbsentReason = why;
    else if (resultStatus !== 'U')
      observation.dataAbsentReason = dataAbsentReason(resultStatus) ?? unknownValue;
  } else if (documentTypes.has(type)) {
    setDocument(observation, values, type, scope, order);
  } else if (resultStatus === 'X' || resultStatus === 'N') {
    const explanation = lines(values);
    observation.dataAbsentReason = { ...(dataAbsentReason(resultStatus) ?? unknownValue), text: explanation };
    for (const value of values) value.target = 'Observation.dataAbsentReason';
  } else if (textTypes.has(type)) {
    if (type === '') {
      values[0]?.reportOnce('warning', 'VALUE_TYPE_MISSING', 'OBX-2 is empty; the value was read as text.');
    }
    observation.valueString = lines(values);
  } else if (waveformTypes.has(type)) {
    setWaveform(observation, obx, values, type, scope);
  } else if (values.length === 1) {
    const [value] = values;
    if (value !== undefined) Object.assign(observation, observationValue(value, type, unit) ?? asText(value));
  } else {
    observation.component = values.map((value): ObservationComponent => ({
      code: observation.code,
      ...(observationValue(value, type, unit) ?? asText(value)),
    }));
  }
  const long = observation.valueString;
  if (long !== undefined && long.length > longestText) {
    delete observation.valueString;
    const data = Buffer.from(long, 'utf8').toString('base64');
    addDocument(observation, [{ contentType: 'text/plain; charset=utf-8', data }], scope, order);
    for (const value of values) value.target = 'DocumentReference.content';
  }
  const range = obx.text(7, 'Observation.referenceRange');
  if (range !== undefined) observation.referenceRange = [referenceRange(range, unit)];
  if (unitField !== undefined && unit !== undefined && !hasQuantity(observation)) {
    const { unit: display, ...code } = unit;
    unitField.target = 'Observation.extension(unit)';
    extend(observation, { url: unitUrl, valueCoding: { ...code, display } });
  }
}

/** A number that is sent as text (`12.5` in an ST) still has its unit, which R4 keeps with quantities alone. */
const unitUrl = 'urn:medrelay:extension:unit';

function hasQuantity({ referenceRange: ranges, component, ...value }: Observation): boolean {
  const [range] = ranges ?? [];
  return (
    range?.low !== undefined ||
    range?.high !== undefined ||
    [value, ...(component ?? [])].some(
      ({ valueQuantity, valueRange, valueRatio }) =>
        valueQuantity !== undefined || valueRange !== undefined || valueRatio !== undefined,
    )
  );
}

/** Numbers of a waveform: a signal where its channel is described, else the numbers as text, as they were sent. */
function setWaveform(
  observation: Identified<Observation>,
  obx: SegmentReader,
  values: readonly FieldReader[],
  type: string,
  scope: Scope,
): void {
  const valueSampledData = sampledData(values, type, obx.segment, scope);
  if (valueSampledData !== undefined && (valueSampledData.data?.length ?? 0) <= longestText) {
    observation.valueSampledData = valueSampledData;
    return;
  }
  obx.report(
    'info',
    'WAVEFORM_AS_TEXT',
    'No one channel definition (OBX-2 CD, same OBX-4) says how these numbers were sampled; they are text now.',
  );
  observation.valueString = lines(values);
}

/** Repetitions as lines; an empty repetition is an empty line. */
function lines(values: readonly FieldReader[]): string {
  const result: string[] = [];
  for (const value of values) {
    while (result.length < value.index - 1) result.push('');
    result.push(literalText(value));
  }
  return result.join('\n').replace(/^\n+/, '');
}

/** R4 has no attachment as a value: the document stands beside the observation, which is derived from it. */
function setDocument(
  observation: Identified<Observation>,
  values: readonly FieldReader[],
  type: string,
  scope: Scope,
  order: OrderContext,
): void {
  const attachments = values
    .map((value) => (type === 'ED' ? encapsulatedData(value) : referencePointer(value)))
    .filter((attachment): attachment is Attachment => attachment !== undefined);
  if (attachments.length === 0) {
    observation.dataAbsentReason = unknownValue;
    return;
  }
  for (const value of values) value.target = 'DocumentReference.content';
  addDocument(observation, attachments, scope, order);
}

function addDocument(
  observation: Identified<Observation>,
  attachments: readonly Attachment[],
  scope: Scope,
  order: OrderContext,
): void {
  const document: Identified<DocumentReference> = {
    resourceType: 'DocumentReference',
    id: scope.id('DocumentReference', observation.id),
    status: observation.status === 'entered-in-error' ? 'entered-in-error' : 'current',
    content: attachments.map((attachment) => ({ attachment })),
  };
  const docStatus = documentStatus(observation.status);
  set(document, 'docStatus', docStatus);
  document.type = observation.code;
  document.subject = order.subject.reference;
  if (order.visit !== undefined) document.context = { encounter: [order.visit.reference] };
  observation.derivedFrom = [scope.add(document)];
}

function documentStatus(status: Observation['status']): DocumentReference['docStatus'] {
  if (status === 'final' || status === 'preliminary' || status === 'amended' || status === 'entered-in-error')
    return status;
  return status === 'corrected' ? 'amended' : undefined;
}

function interpretations(obx: SegmentReader): CodeableConcept[] | undefined {
  return each(obx.all(8, 'Observation.interpretation'), (field) =>
    codeableConcept(field, { table: '0078', map: (code) => interpretation(code?.trim()) }),
  );
}

/** Who made the result: observers, the producing organisation (OBX-15, 23, 24) and its medical director. */
function performers(obx: SegmentReader, scope: Scope): Reference[] | undefined {
  const result = practitioners(obx.all(16, 'Observation.performer'), scope);
  const producer = producerId(obx.first(15, 'Observation.performer'), scope);
  if (producer !== undefined) result.push(producer);
  const performing = organization(obx.first(23, 'Observation.performer'), scope, {
    address: each(obx.all(24, 'Organization.address'), address),
  });
  if (performing !== undefined) result.push(performing);
  for (const director of practitioners(obx.all(25, 'Observation.performer'), scope)) {
    extend(
      director,
      conceptExtension('event-performerFunction', {
        coding: [{ system: `${terminology}/v2-0912`, code: 'MDIR', display: 'Medical Director' }],
      }),
    );
    result.push(director);
  }
  return result.length === 0 ? undefined : result;
}

/** OBX-15 is a code for the producer, mostly a laboratory number. */
function producerId(field: FieldReader | undefined, scope: Scope): Reference | undefined {
  if (field === undefined) return undefined;
  const [value, name, systemId] = [field.code(1), field.get(2), field.code(3)];
  if (value === undefined) return name === undefined ? undefined : { display: name };
  const system = systemId === undefined ? field.sender.system : field.sender.codeSystem(systemId);
  const producer: Identified<Organization> = {
    resourceType: 'Organization',
    id: scope.id('Organization', system, value),
    identifier: [{ system, value }],
  };
  const [other, otherName, otherSystem] = [field.code(4), field.get(5), field.code(6)];
  if (other !== undefined) {
    producer.identifier?.push({
      system: otherSystem === undefined ? field.sender.system : field.sender.codeSystem(otherSystem),
      value: other,
    });
  }
  set(producer, 'name', name ?? otherName);
  if (name !== undefined && otherName !== undefined && otherName !== name) producer.alias = [otherName];
  const reference = scope.add(producer);
  set(reference, 'display', name ?? otherName);
  return reference;
}

function device(obx: SegmentReader, scope: Scope): Reference | undefined {
  const identifier = entityIdentifier(onlyOne(obx, 18, 'device'));
  if (identifier === undefined) return undefined;
  const { system = '', value = '' } = identifier;
  const resource: Identified<Device> = {
    resourceType: 'Device',
    id: scope.id('Device', system, value),
    identifier: [identifier],
  };
  return scope.add(resource);
}
