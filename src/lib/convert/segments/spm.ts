import type { Reference, Specimen, SpecimenCollection, SpecimenContainer } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { identifier } from '../datatypes/cx';
import { dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { entityIdentifierIn } from '../datatypes/ei';
import { quantityOf } from '../datatypes/observation-value';
import { identifierKey } from '../keys';
import type { SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import type { OrderContext } from './obr';
import { mapNotes } from './nte';

const kept = { 1: 'Set id: order of segments in the message.' };

/** SPM: a Specimen, known by the filler's id for it (SPM-2.2), else the placer's, else its place in the order. */
export function mapSpm(
  segment: Hl7Segment,
  notes: readonly Hl7Segment[],
  scope: Scope,
  order: OrderContext,
): Reference {
  const spm = scope.open(segment, kept);
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
  const others = [...(own ?? []), ...spm.all(31, 'Specimen.identifier').map((field) => identifier(field))];
  set(specimen, 'identifier', list(others));
  set(specimen, 'accessionIdentifier', identifier(spm.first(30, 'Specimen.accessionIdentifier'), 'ACSN'));
  const available = spm.code(20, 'Specimen.status')?.toUpperCase();
  if (available === 'Y') specimen.status = 'available';
  else if (available === 'N') specimen.status = 'unavailable';
  set(specimen, 'type', codeableConcept(spm.first(4, 'Specimen.type'), { table: '0487' }));
  specimen.subject = order.subject.reference;
  set(specimen, 'receivedTime', dateTime(spm.first(18, 'Specimen.receivedTime')));
  set(specimen, 'collection', collection(spm));
  set(specimen, 'container', container(spm));
  set(
    specimen,
    'condition',
    each(spm.all(24, 'Specimen.condition'), (field) => codeableConcept(field, { table: '0493' })),
  );
  const described = spm
    .all(14, 'Specimen.note')
    .map((field) => field.get(1))
    .filter((text) => text !== undefined);
  const annotations = [
    ...described.map((text) => ({ text })),
    ...(mapNotes(notes, scope, 'Specimen.note') ?? []),
  ];
  if (annotations.length > 0) specimen.note = annotations;
  return scope.add(specimen);
}

function collection(spm: SegmentReader): SpecimenCollection | undefined {
  const result: SpecimenCollection = {};
  const when = spm.first(17, 'Specimen.collection.collected');
  const [start, end] = [dateTime(when, 1), dateTime(when, 2)];
  if (end !== undefined && when !== undefined) set(result, 'collectedPeriod', period(start, end, when));
  else set(result, 'collectedDateTime', start);
  set(result, 'quantity', quantityOf(spm.first(12, 'Specimen.collection.quantity')));
  set(result, 'method', codeableConcept(spm.first(7, 'Specimen.collection.method'), { table: '0488' }));
  set(result, 'bodySite', codeableConcept(spm.first(8, 'Specimen.collection.bodySite')));
  return Object.keys(result).length === 0 ? undefined : result;
}

function container(spm: SegmentReader): SpecimenContainer[] | undefined {
  const result: SpecimenContainer = {};
  set(result, 'type', codeableConcept(spm.first(27, 'Specimen.container.type')));
  set(
    result,
    'additiveCodeableConcept',
    codeableConcept(spm.first(6, 'Specimen.container.additive'), { table: '0371' }),
  );
  return Object.keys(result).length === 0 ? undefined : [result];
}
