import type { CodeableConcept, Reference, Specimen, SpecimenCollection } from 'fhir/r4';
import { codeableConcept } from '../datatypes/cwe';
import { parseDecimal } from '../datatypes/nm';
import { dateTime } from '../datatypes/dtm';
import { quantityOf } from '../datatypes/observation-value';
import { quantity } from '../datatypes/quantity';
import { practitioner } from '../datatypes/xcn';
import type { FieldReader, SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { set } from '../set';
import type { OrderContext } from './obr';

/** HL7 table 0916, and the words that senders use for its codes. */
const fasting = new Set(['F', 'FNA', 'NF', 'NG']);

export const isFasting = ({ repetition }: FieldReader): boolean =>
  repetition.get(3)?.trim() === 'HL70916' && fasting.has(repetition.get(1)?.trim() ?? '');

type Described = Pick<Specimen, 'type' | 'receivedTime' | 'collection' | 'note' | 'container' | 'condition'>;

/**
 * What OBR itself says of the specimen. Senders before v2.5 have nothing else (OBR-15 is an SPS: type, additives, text
 * and body site as components, their codes as subcomponents); beside SPM it fills what that leaves open.
 */
function describe(obr: SegmentReader, scope: Scope): Described {
  const result: Described = {};
  const source = obr.first(15, 'Specimen.type');
  set(result, 'type', subcomponentConcept(source, 1));
  set(result, 'receivedTime', dateTime(obr.first(14, 'Specimen.receivedTime')));
  const collection: SpecimenCollection = {};
  set(collection, 'collector', practitioner(obr.first(10, 'Specimen.collection.collector'), scope));
  for (const other of obr.all(10, 'Specimen.collection.collector').slice(1))
    other.keep('R4 has one collector.');
  set(collection, 'quantity', volume(obr.first(9, 'Specimen.collection.quantity')));
  set(collection, 'bodySite', subcomponentConcept(source, 4));
  const method = source?.get(5);
  if (method !== undefined) collection.method = { text: method };
  const state = obr.all(13, 'Specimen.collection.fastingStatus').find(isFasting);
  set(collection, 'fastingStatusCodeableConcept', codeableConcept(state, { table: '0916' }));
  if (Object.keys(collection).length > 0) result.collection = collection;
  const comments = [
    source?.get(3),
    ...obr.all(39, 'Specimen.note').map((field) => conceptText(codeableConcept(field))),
  ].filter((text) => text !== undefined);
  if (comments.length > 0) result.note = comments.map((text) => ({ text }));
  const additive = subcomponentConcept(source, 2);
  if (additive !== undefined) result.container = [{ additiveCodeableConcept: additive }];
  const condition = subcomponentConcept(source, 6);
  if (condition !== undefined) result.condition = [condition];
  return result;
}

const conceptText = (concept: CodeableConcept | undefined): string | undefined =>
  concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code;

function volume(field: FieldReader | undefined): SpecimenCollection['quantity'] {
  const bare = parseDecimal(field?.code(1) ?? '');
  return quantityOf(field) ?? (bare && quantity(bare));
}

/** The time of the collection is OBR-7 in a laboratory's order (v2.5.1 ch. 4.5.3.7). */
function withTime(described: Described, { effective }: OrderContext): Described {
  const collection = { ...described.collection };
  set(collection, 'collectedDateTime', effective.dateTime);
  set(collection, 'collectedPeriod', effective.period);
  return Object.keys(collection).length > 0 ? { ...described, collection } : described;
}

/** Adds to the specimens of the order; without any, and with something to say, it is one itself. */
export function mapObrSpecimen(
  obr: SegmentReader,
  scope: Scope,
  order: OrderContext,
  specimens: readonly Reference[],
): Reference | undefined {
  const own = describe(obr, scope);
  if (Object.keys(own).length === 0) return undefined;
  if (specimens.length === 0) {
    const { type, receivedTime, collection, container, condition, note } = withTime(own, order);
    const specimen: Identified<Specimen> = {
      resourceType: 'Specimen',
      id: scope.nextId('Specimen', order.key),
    };
    set(specimen, 'type', type);
    specimen.subject = order.subject.reference;
    set(specimen, 'receivedTime', receivedTime);
    set(specimen, 'collection', collection);
    set(specimen, 'container', container);
    set(specimen, 'condition', condition);
    set(specimen, 'note', note);
    return scope.add(specimen);
  }
  const known = specimens
    .map(({ reference = '' }) => scope.resources.get(reference.slice('urn:uuid:'.length)))
    .filter((specimen) => specimen?.resourceType === 'Specimen');
  for (const specimen of known) fillSpecimen(specimen, own);
  for (const [n, elements] of elementsOfFields) {
    const parts = elements(own).filter((part) => part !== undefined);
    const taken = new Set(known.flatMap(elements).map((part) => JSON.stringify(part)));
    if (parts.length > 0 && !parts.some((part) => taken.has(JSON.stringify(part))))
      obr.first(n, 'Specimen')?.keep('SPM says it of the specimen.');
  }
  return undefined;
}

/** What each field of OBR says, if SPM leaves it open. */
const elementsOfFields: readonly (readonly [n: number, elements: (of: Described) => unknown[]])[] = [
  [9, ({ collection }) => [collection?.quantity]],
  [10, ({ collection }) => [collection?.collector]],
  [14, ({ receivedTime }) => [receivedTime]],
  [
    15,
    ({ type, condition = [], container = [], collection }) => [
      ...[type, collection?.bodySite, collection?.method],
      ...[...condition, ...container.map((one) => one.additiveCodeableConcept)],
    ],
  ],
];

function fillSpecimen(specimen: Specimen, own: Described): void {
  if (specimen.type === undefined) set(specimen, 'type', own.type);
  if (specimen.receivedTime === undefined) set(specimen, 'receivedTime', own.receivedTime);
  if (specimen.container === undefined) set(specimen, 'container', own.container);
  if (own.condition !== undefined) specimen.condition = [...(specimen.condition ?? []), ...own.condition];
  if (own.collection !== undefined) specimen.collection = { ...own.collection, ...specimen.collection };
  if (own.note !== undefined) specimen.note = [...(specimen.note ?? []), ...own.note];
}

function subcomponentConcept(field: FieldReader | undefined, component: number): CodeableConcept | undefined {
  const [code, display, systemId] = [
    field?.code(component),
    field?.get(component, 2),
    field?.code(component, 3),
  ];
  if (field === undefined || (code === undefined && display === undefined)) return undefined;
  if (code === undefined) return { text: display ?? '' };
  return {
    coding: [
      {
        ...(systemId === undefined ? {} : { system: field.sender.codeSystem(systemId) }),
        code: code.replace(/\s+/g, ' '),
        ...(display === undefined ? {} : { display }),
      },
    ],
  };
}
