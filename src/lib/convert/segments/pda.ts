import type { CodeableConcept, Observation } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { dateRange } from '../datatypes/dr';
import { instant } from '../datatypes/dtm';
import { yesNo } from '../datatypes/id';
import { practitioner } from '../datatypes/xcn';
import { declare, type DeclaredFields } from '../declared';
import type { Identified, Scope } from '../scope';
import { each, set } from '../set';
import type { PatientSubject } from './pid';

const rows: DeclaredFields = { 2: ['death-location', 'Location'] };

/** LOINC codes that the US vital records guide uses for the same statements. */
const loinc = (code: string, display: string): CodeableConcept => ({
  coding: [{ system: 'http://loinc.org', code, display }],
});
const cause = loinc('69453-9', 'Cause of death [US Standard Certificate of Death]');
const autopsy = loinc('85699-7', 'Autopsy was performed');
const coroner = loinc(
  '74497-9',
  'Medical examiner or coroner was contacted [US Standard Certificate of Death]',
);

/** PDA: death and autopsy. What is certified (PDA-3) is final; otherwise v2 does not say how sure it is. */
export function mapPda(segment: Hl7Segment, scope: Scope, subject: PatientSubject): void {
  const pda = scope.open(segment);
  pda.entry = subject.reference.reference;
  declare(subject.patient, 'Patient', pda, rows, scope);
  const isCertified = yesNo(pda.first(3, 'Observation.status'));
  const observe = (code: CodeableConcept): Identified<Observation> => ({
    resourceType: 'Observation',
    id: scope.nextId('Observation', subject.patient.id, 'PDA', code.coding?.[0]?.code ?? ''),
    status: isCertified === true ? 'final' : 'unknown',
    code,
    subject: subject.reference,
  });
  const causes = each(pda.all(1, 'Observation.value'), (field) => codeableConcept(field));
  const certifier = practitioner(pda.first(5, 'Observation.performer'), scope);
  const signed = instant(pda.first(4, 'Observation.issued'));
  if (causes !== undefined) {
    const died = observe(cause);
    set(died, 'issued', signed);
    if (signed === undefined) declare(died, 'Observation', pda, { 4: ['issued', 'dateTime'] }, scope);
    if (certifier !== undefined) died.performer = [certifier];
    const [first] = causes;
    if (causes.length === 1 && first !== undefined) died.valueCodeableConcept = first;
    else died.component = causes.map((valueCodeableConcept) => ({ code: cause, valueCodeableConcept }));
    scope.add(died);
  } else
    for (const n of [4, 5]) pda.first(n, 'Observation')?.keep('PDA-1 names no cause of death to certify.');
  const wasDone = yesNo(pda.first(6, 'Observation.value'));
  const when = dateRange(pda.first(7, 'Observation.effective'));
  const who = practitioner(pda.first(8, 'Observation.performer'), scope);
  if (wasDone !== undefined || when !== undefined || who !== undefined) {
    const examined = observe(autopsy);
    set(examined, 'effectivePeriod', when);
    if (who !== undefined) examined.performer = [who];
    if (wasDone === undefined) examined.dataAbsentReason = unknown;
    else examined.valueBoolean = wasDone;
    scope.add(examined);
  }
  const wasTold = yesNo(pda.first(9, 'Observation.value'));
  if (wasTold !== undefined) scope.add({ ...observe(coroner), valueBoolean: wasTold });
}

const unknown: CodeableConcept = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'unknown' }],
};
