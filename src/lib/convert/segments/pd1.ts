import type { Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { identifier } from '../datatypes/cx';
import { practitioner } from '../datatypes/xcn';
import { organization } from '../datatypes/xon';
import { declare, type DeclaredFields } from '../declared';
import { conceptExtension, extend, stringExtension } from '../extensions';
import type { Scope } from '../scope';
import type { PatientSubject } from './pid';

const rows: DeclaredFields = {
  1: ['living-dependency', 'CodeableConcept', '0223'],
  2: ['living-arrangement', 'CodeableConcept', '0220'],
  5: ['student-status', 'CodeableConcept', '0231'],
  7: ['living-will', 'CodeableConcept', '0315'],
  8: ['organ-donor', 'CodeableConcept', '0316'],
  9: ['separate-bill', 'boolean'],
  11: ['publicity', 'CodeableConcept', '0215'],
  12: ['protection-indicator', 'boolean'],
  13: ['protection-indicator-effective', 'date'],
  15: ['advance-directive', 'CodeableConcept', '0435'],
  16: ['immunization-registry-status', 'CodeableConcept', '0441'],
  17: ['immunization-registry-status-effective', 'date'],
  18: ['publicity-effective', 'date'],
  19: ['military-branch', 'CodeableConcept', '0140'],
  20: ['military-rank', 'CodeableConcept', '0141'],
  21: ['military-status', 'CodeableConcept', '0142'],
  22: ['advance-directive-verified', 'date'],
};

/** PD1: primary care, disability and congregation of the Patient. */
export function mapPd1(segment: Hl7Segment, scope: Scope, { patient, reference }: PatientSubject): void {
  const pd1 = scope.open(segment);
  pd1.entry = reference.reference;
  const providers: (Reference | undefined)[] = [
    ...pd1.all(3, 'Patient.generalPractitioner').map((field) => organization(field, scope)),
    ...pd1.all(4, 'Patient.generalPractitioner').map((field) => practitioner(field, scope)),
  ];
  const present = providers.filter((provider) => provider !== undefined);
  if (present.length > 0) patient.generalPractitioner = present;
  const disability = codeableConcept(pd1.first(6, 'Patient.extension(patient-disability)'), {
    table: '0295',
  });
  if (disability !== undefined) extend(patient, conceptExtension('patient-disability', disability));
  for (const field of pd1.all(10, 'Patient.link')) {
    const own = identifier(field);
    if (own === undefined) continue;
    const other = { type: 'Patient', identifier: own };
    (patient.link ??= []).push({ other, type: 'seealso' });
  }
  declare(patient, 'Patient', pd1, rows, scope);
  const worship = pd1.text(14, 'Patient.extension(patient-congregation)');
  if (worship !== undefined) extend(patient, stringExtension('patient-congregation', worship));
}
