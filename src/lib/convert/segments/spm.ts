import type {
  BodyStructure,
  CodeableConcept,
  Extension,
  Identifier,
  Reference,
  Specimen,
  SpecimenCollection,
  SpecimenContainer,
} from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { collectionMethod } from '../codemaps/specimens';
import { codeableConcept } from '../datatypes/cwe';
import { identifier } from '../datatypes/cx';
import { dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { entityIdentifier, entityIdentifierIn } from '../datatypes/ei';
import { quantityOf } from '../datatypes/observation-value';
import { conceptExtension, extend } from '../extensions';
import { identifierKey } from '../keys';
import type { FieldReader, SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import type { OrderContext } from './obr';
import { mapNotes } from './nte';
import { readPrt } from './prt';
import { mapSac } from './sac';

const kept = {
  1: 'Set id: order of segments in the message.',
  5: 'R4 specimen types have no modifiers.',
  13: 'How many specimens were grouped: R4 does not count them.',
  19: 'R4 specimens do not expire.',
  26: 'R4 lists the containers it describes and does not count them.',
  28: 'R4 containers have no condition.',
  29: 'What the specimen is to its parent: R4 does not say.',
};

/** SPM and the containers that follow it; what a Specimen is known by. */
export interface SpecimenSegments {
  readonly spm: Hl7Segment;
  readonly notes: readonly Hl7Segment[];
  readonly containers: readonly Hl7Segment[];
  readonly participations: readonly Hl7Segment[];
}

/** SPM: a Specimen, known by the filler's id for it (SPM-2.2), else the placer's, else its place in the order. */
export function mapSpm(
  segments: SpecimenSegments,
  scope: Scope,
  order: Pick<OrderContext, 'subject' | 'key'>,
): Reference {
  const spm = scope.open(segments.spm, kept);
  const ids = spm.first(2, 'Specimen.identifier');
  const own = list([entityIdentifierIn(ids, 2, 'FGN'), entityIdentifierIn(ids, 1, 'PGN')]);
  const [first] = own ?? [];
  const specimen: Identified<Specimen> = {
    resourceType: 'Specimen',
    id:
      first === undefined
        ? scope.nextId('Specimen', order.key)
        : scope.id('Specimen', order.subject.patient.id, ...identifierKey(first)),
  };
  spm.entry = `urn:uuid:${specimen.id}`;
  set(specimen, 'extension', extensions(spm));
  const others = [
    ...(own ?? []),
    ...spm.all(31, 'Specimen.identifier').map((field) => identifier(field)),
    shipment(spm.first(32, 'Specimen.identifier')),
  ];
  set(specimen, 'identifier', list(others));
  set(specimen, 'accessionIdentifier', identifier(spm.first(30, 'Specimen.accessionIdentifier'), 'ACSN'));
  const rejected = each(spm.all(21, 'Specimen.condition'), (field) =>
    codeableConcept(field, { table: '0490' }),
  );
  set(specimen, 'status', rejected === undefined ? availability(spm) : 'unsatisfactory');
  set(specimen, 'type', codeableConcept(spm.first(4, 'Specimen.type'), { table: '0487' }));
  specimen.subject = order.subject.reference;
  set(specimen, 'receivedTime', dateTime(spm.first(18, 'Specimen.receivedTime')));
  set(specimen, 'parent', parents(spm.all(3, 'Specimen.parent')));
  set(specimen, 'collection', collection(spm, scope, order));
  addCollector(specimen, segments.participations, scope);
  const container = containerOf(spm);
  const containers = segments.containers.map((sac) => mapSac(sac, scope, specimen));
  set(specimen, 'container', list([container, ...containers]));
  const conditions = [
    ...(rejected ?? []),
    ...coded(spm, 16, '0489'),
    ...coded(spm, 22, '0491'),
    ...coded(spm, 23, '0492'),
    ...coded(spm, 24, '0493'),
  ];
  if (conditions.length > 0) specimen.condition = conditions;
  const described = spm
    .all(14, 'Specimen.note')
    .map((field) => field.get(1))
    .filter((text) => text !== undefined);
  const annotations = [
    ...described.map((text) => ({ text })),
    ...(mapNotes(segments.notes, scope, 'Specimen.note') ?? []),
  ];
  if (annotations.length > 0) specimen.note = annotations;
  return scope.add(specimen);
}

/** PRT: who collected it (SC); R4 specimens have no other participants. */
function addCollector(specimen: Specimen, participations: readonly Hl7Segment[], scope: Scope): void {
  for (const prt of participations) {
    const { actor, roleCode } = readPrt(prt, scope, 'Specimen.collection.collector');
    if (roleCode === 'SC' && actor !== undefined && specimen.collection?.collector === undefined)
      specimen.collection = { ...specimen.collection, collector: actor };
    else scope.open(prt).keepAll('R4 specimens have no participant but the collector.');
  }
}

const coded = (spm: SegmentReader, n: number, table: string): CodeableConcept[] =>
  each(spm.all(n, 'Specimen.condition'), (field) => codeableConcept(field, { table })) ?? [];

function availability(spm: SegmentReader): Specimen['status'] {
  const available = spm.code(20, 'Specimen.status')?.toUpperCase();
  if (available === 'Y') return 'available';
  return available === 'N' ? 'unavailable' : undefined;
}

function shipment(field: FieldReader | undefined): Identifier | undefined {
  const result = entityIdentifier(field);
  return result && { type: { text: 'Shipment ID' }, ...result };
}

/** SPM-3: the specimens that this one was made of, by their numbers. */
function parents(fields: readonly FieldReader[]): Reference[] | undefined {
  return list(
    fields.map((field): Reference | undefined => {
      const value = entityIdentifierIn(field, 2, 'FGN');
      const placer = entityIdentifierIn(field, 1, 'PGN');
      const known = value ?? placer;
      return known && { type: 'Specimen', identifier: known };
    }),
  );
}

/** SPM-11 is R5's Specimen.role; SPM-15 has an extension of R4's own. */
function extensions(spm: SegmentReader): Extension[] | undefined {
  const holder: { extension?: Extension[] } = {};
  for (const field of spm.all(11, 'Specimen.extension(role)')) {
    const valueCodeableConcept = codeableConcept(field, { table: '0369' });
    if (valueCodeableConcept !== undefined) {
      const url = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Specimen.role';
      extend(holder, { url, valueCodeableConcept });
    }
  }
  for (const field of spm.all(15, 'Specimen.extension(specialHandling)')) {
    const handling = codeableConcept(field, { table: '0376' });
    if (handling !== undefined) extend(holder, conceptExtension('specimen-specialHandling', handling));
  }
  return holder.extension;
}

function collection(
  spm: SegmentReader,
  scope: Scope,
  order: Pick<OrderContext, 'subject'>,
): SpecimenCollection | undefined {
  const result: SpecimenCollection = {};
  const when = spm.first(17, 'Specimen.collection.collected');
  const [start, end] = [dateTime(when, 1), dateTime(when, 2)];
  if (end !== undefined && when !== undefined) set(result, 'collectedPeriod', period(start, end, when));
  else set(result, 'collectedDateTime', start);
  set(result, 'quantity', quantityOf(spm.first(12, 'Specimen.collection.quantity')));
  set(
    result,
    'method',
    codeableConcept(spm.first(7, 'Specimen.collection.method'), { table: '0488', map: collectionMethod }),
  );
  set(result, 'bodySite', bodySite(spm, scope, order));
  return Object.keys(result).length === 0 ? undefined : result;
}

/** SPM-8, else SPM-10; what SPM-9 adds (left, proximal) needs a BodyStructure. */
function bodySite(
  spm: SegmentReader,
  scope: Scope,
  order: Pick<OrderContext, 'subject'>,
): CodeableConcept | undefined {
  const source = codeableConcept(spm.first(8, 'Specimen.collection.bodySite'));
  const site = spm.first(10, 'Specimen.collection.bodySite');
  const collected = codeableConcept(site, { table: '0543' });
  const place = source ?? collected;
  if (source !== undefined) site?.keep('SPM-8 names the site; R4 has one.');
  const modifiers = spm.all(9, 'BodyStructure.locationQualifier');
  const locationQualifier = each(modifiers, (field) => codeableConcept(field, { table: '0542' }));
  if (locationQualifier === undefined) return place;
  if (place === undefined) {
    for (const field of modifiers) field.keep('SPM names no site that this could modify.');
    return undefined;
  }
  const structure: Identified<BodyStructure> = {
    resourceType: 'BodyStructure',
    id: scope.id('BodyStructure', order.subject.patient.id, JSON.stringify([place, locationQualifier])),
    location: place,
    locationQualifier,
    patient: order.subject.reference,
  };
  const withStructure = { ...place };
  extend(withStructure, {
    url: 'http://hl7.org/fhir/StructureDefinition/bodySite',
    valueReference: scope.add(structure),
  });
  return withStructure;
}

function containerOf(spm: SegmentReader): SpecimenContainer | undefined {
  const result: SpecimenContainer = {};
  set(result, 'type', codeableConcept(spm.first(27, 'Specimen.container.type')));
  set(result, 'specimenQuantity', quantityOf(spm.first(25, 'Specimen.container.specimenQuantity')));
  const [additive, ...others] = spm.all(6, 'Specimen.container.additive');
  set(result, 'additiveCodeableConcept', codeableConcept(additive, { table: '0371' }));
  for (const other of others) other.keep('R4 has one additive for a container.');
  return Object.keys(result).length === 0 ? undefined : result;
}
