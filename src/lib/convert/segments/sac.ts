import type { Quantity, Specimen, SpecimenContainer } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { entityIdentifier } from '../datatypes/ei';
import { parseDecimal } from '../datatypes/nm';
import { quantity, readUnit, type Unit } from '../datatypes/quantity';
import type { FieldReader } from '../reader';
import type { Scope } from '../scope';
import { list, set } from '../set';

const position = 'Where the container stands in the equipment: of no use after the run.';
const kept = {
  6: 'The specimen (SPM) says where it is from.',
  7: 'When the container was registered: R4 does not say.',
  8: 'Container status in the equipment: of no use after the run.',
  10: position,
  11: position,
  13: position,
  14: position,
  15: position,
};

/** SAC: one container of a specimen; its accession number is the specimen's where SPM has none. */
export function mapSac(segment: Hl7Segment, scope: Scope, specimen: Specimen): SpecimenContainer | undefined {
  const sac = scope.open(segment, kept);
  const accession = entityIdentifier(sac.first(2, 'Specimen.accessionIdentifier'), 'ACSN');
  const container: SpecimenContainer = {};
  const identifiers = [
    entityIdentifier(sac.first(3, 'Specimen.container.identifier')),
    withText(sac.first(4, 'Specimen.container.identifier'), 'Primary container'),
    withText(sac.first(5, 'Specimen.container.identifier'), 'Equipment container'),
  ];
  if (specimen.accessionIdentifier === undefined) set(specimen, 'accessionIdentifier', accession);
  else if (accession !== undefined) identifiers.push(accession);
  set(container, 'identifier', list(identifiers));
  set(container, 'type', codeableConcept(sac.first(9, 'Specimen.container.type'), { table: '0378' }));
  const unit = readUnit(sac.first(24, 'Specimen.container.capacity.unit'));
  set(container, 'capacity', amount(sac.first(21, 'Specimen.container.capacity'), unit));
  const available = amount(sac.first(22, 'Specimen.container.specimenQuantity'), unit);
  const initial = sac.first(23, 'Specimen.container.specimenQuantity');
  if (available !== undefined) initial?.keep('R4 has one amount: what is there now (SAC-22).');
  set(container, 'specimenQuantity', available ?? amount(initial, unit));
  set(
    container,
    'additiveCodeableConcept',
    codeableConcept(sac.first(27, 'Specimen.container.additive'), { table: '0371' }),
  );
  return Object.keys(container).length === 0 ? undefined : container;
}

const withText = (field: FieldReader | undefined, text: string): ReturnType<typeof entityIdentifier> => {
  const identifier = entityIdentifier(field);
  return identifier && { type: { text }, ...identifier };
};

function amount(field: FieldReader | undefined, unit: Unit | undefined): Quantity | undefined {
  const decimal = parseDecimal(field?.code(1) ?? '');
  return decimal && quantity(decimal, unit);
}
