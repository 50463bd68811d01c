import type { AllergyIntolerance } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import {
  allergenCategory,
  allergyType,
  clinicalStatus,
  criticality,
  reactionSeverity,
  sensitivity,
} from '../codemaps/allergies';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { entityIdentifier } from '../datatypes/ei';
import { practitioner } from '../datatypes/xcn';
import { humanName, nameText } from '../datatypes/xpn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { Identified, Scope } from '../scope';
import { each, set } from '../set';
import { reaction } from './al1';
import type { PatientSubject } from './pid';

const kept = {
  1: 'Set id: order of segments in the message.',
  6: 'Action code: how a receiver should apply the segment.',
};

const rows: DeclaredFields = {
  8: ['action-reason', 'string'],
  10: ['allergen-group', 'CodeableConcept'],
  16: ['alert-device', 'CodeableConcept', '0437'],
  18: ['statused-by', 'Practitioner'],
  19: ['statused-by-organization', 'Organization'],
  20: ['statused', 'dateTime'],
  21: ['inactivated-by', 'Practitioner'],
  22: ['inactivated', 'dateTime'],
  25: ['modified-by', 'Practitioner'],
  26: ['modified', 'dateTime'],
  28: ['recorded-by-organization', 'Organization'],
  29: ['modified-by-organization', 'Organization'],
  30: ['inactivated-by-organization', 'Organization'],
};

/** IAM: an allergy with an identity of its own and a history; what AL1 says, and more. */
export function mapIam(segment: Hl7Segment, scope: Scope, { patient, reference }: PatientSubject): void {
  const iam = scope.open(segment, kept);
  const coded = codeableConcept(iam.first(3, 'AllergyIntolerance.code'));
  const clinician = codeableConcept(iam.first(27, 'AllergyIntolerance.code'));
  const code = coded ?? clinician;
  if (coded !== undefined && clinician?.coding !== undefined)
    coded.coding = [...(coded.coding ?? []), ...clinician.coding];
  const own = entityIdentifier(iam.first(7, 'AllergyIntolerance.identifier'));
  const kind = iam.code(2, 'AllergyIntolerance.category')?.toUpperCase();
  const allergy = {
    resourceType: 'AllergyIntolerance',
    id:
      own === undefined
        ? scope.id(
            'AllergyIntolerance',
            patient.id,
            ...(code === undefined ? [scope.messageKey, iam.location] : codeKey(code)),
          )
        : scope.id('AllergyIntolerance', patient.id, 'identifier', ...identifierKey(own)),
  } as Identified<AllergyIntolerance>;
  iam.entry = `urn:uuid:${allergy.id}`;
  if (own !== undefined) allergy.identifier = [own];
  const action = iam.first(6, 'AllergyIntolerance.verificationStatus');
  const isDeleted = action?.code(1)?.toUpperCase() === 'D';
  if (!isDeleted) action?.keep(kept[6]);
  const status = iam.code(17, 'AllergyIntolerance.clinicalStatus')?.toUpperCase();
  if (isDeleted || status === 'E') {
    allergy.verificationStatus = {
      coding: [{ system: `${terminology}/allergyintolerance-verification`, code: 'entered-in-error' }],
    };
  } else {
    const code = clinicalStatus(status) ?? 'active';
    allergy.clinicalStatus = { coding: [{ system: `${terminology}/allergyintolerance-clinical`, code }] };
  }
  set(
    allergy,
    'type',
    sensitivity(iam.code(9, 'AllergyIntolerance.type')?.toUpperCase()) ?? allergyType(kind),
  );
  const category = allergenCategory(kind);
  if (category !== undefined) allergy.category = [category];
  const severity = iam.code(4, 'AllergyIntolerance.reaction.severity')?.toUpperCase();
  const manifestation = each(iam.all(5, 'AllergyIntolerance.reaction.manifestation'), reaction);
  if (manifestation === undefined) set(allergy, 'criticality', criticality(severity));
  allergy.code = code ?? absentReason('unknown');
  allergy.patient = reference;
  const onset = dateTime(iam.first(11, 'AllergyIntolerance.onset'));
  const onsetText = iam.text(12, 'AllergyIntolerance.onset');
  if (onset !== undefined) allergy.onsetDateTime = onset;
  else set(allergy, 'onsetString', onsetText);
  if (onset !== undefined) iam.first(12, 'AllergyIntolerance.onset')?.keep('IAM-11 says when.');
  const reported = dateTime(iam.first(13, 'AllergyIntolerance.recordedDate'));
  const recorded = dateTime(iam.first(24, 'AllergyIntolerance.recordedDate'));
  set(allergy, 'recordedDate', recorded ?? reported);
  if (recorded !== undefined)
    iam.first(13, 'AllergyIntolerance.recordedDate')?.keep('IAM-24 says when it was recorded.');
  set(allergy, 'recorder', practitioner(iam.first(23, 'AllergyIntolerance.recorder'), scope));
  const reporter = humanName(iam.first(14, 'AllergyIntolerance.asserter'));
  const relation = codeableConcept(iam.first(15, 'AllergyIntolerance.asserter'), { table: '0063' });
  const words = relation?.text ?? relation?.coding?.[0]?.display ?? relation?.coding?.[0]?.code;
  const display = [reporter && nameText(reporter), words && `(${words})`].filter(Boolean).join(' ');
  if (display !== '') allergy.asserter = { display };
  if (manifestation !== undefined) {
    const severe = reactionSeverity(severity);
    allergy.reaction = [severe === undefined ? { manifestation } : { manifestation, severity: severe }];
  }
  declare(allergy, 'AllergyIntolerance', iam, rows, scope);
  scope.add(allergy);
}
