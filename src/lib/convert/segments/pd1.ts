import type { Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { practitioner } from '../datatypes/xcn';
import { organization } from '../datatypes/xon';
import { conceptExtension, extend, stringExtension } from '../extensions';
import type { Scope } from '../scope';
import type { PatientSubject } from './pid';

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
  const worship = pd1.text(14, 'Patient.extension(patient-congregation)');
  if (worship !== undefined) extend(patient, stringExtension('patient-congregation', worship));
}
