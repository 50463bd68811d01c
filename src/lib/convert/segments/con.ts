import type { Consent } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { consentStatus } from '../codemaps/documents';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { period } from '../datatypes/dr';
import { entityIdentifier } from '../datatypes/ei';
import { asText } from '../datatypes/observation-value';
import { humanName, nameText } from '../datatypes/xpn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import { codeKey, identifierKey } from '../keys';
import type { Identified, Scope } from '../scope';
import { each, set } from '../set';
import type { PatientSubject } from './pid';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  10: ['consent-mode', 'CodeableConcept', '0497'],
  12: ['consent-discussed', 'dateTime'],
  16: ['subject-competent', 'boolean'],
  17: ['translator', 'boolean'],
  18: ['translated-to', 'CodeableConcept', '0296'],
  19: ['material-supplied', 'boolean'],
  20: ['bypass-reason', 'CodeableConcept', '0499'],
  21: ['disclosure-level', 'CodeableConcept', '0500'],
  22: ['non-disclosure-reason', 'CodeableConcept', '0501'],
  23: ['non-subject-consenter-reason', 'CodeableConcept', '0502'],
  25: ['consenter-relationship', 'CodeableConcept', '0548'],
};

/** CON: a Consent. v2 has no scope (privacy, treatment, research) in R4's sense; the required element says so. */
export function mapCon(segment: Hl7Segment, scope: Scope, subject: PatientSubject): void {
  const con = scope.open(segment, kept);
  const type = codeableConcept(con.first(2, 'Consent.category'), { table: '0496' });
  const own = entityIdentifier(con.first(4, 'Consent.identifier'));
  const decided = dateTime(con.first(13, 'Consent.dateTime'));
  const consent = {
    resourceType: 'Consent',
    id: scope.nextId(
      'Consent',
      subject.patient.id,
      ...(own === undefined ? [...codeKey(type), decided ?? scope.messageKey] : identifierKey(own)),
    ),
  } as Identified<Consent>;
  con.entry = `urn:uuid:${consent.id}`;
  if (own !== undefined) consent.identifier = [own];
  const code = con.first(11, 'Consent.status');
  for (const component of [2, 3]) code?.code(component);
  const status = consentStatus(code?.code(1)?.toUpperCase());
  if (status !== undefined) consent.status = status;
  else {
    code?.refuse('CODE_UNMAPPED', 'CON-11 says nothing that R4 has a status for (HL7 table 0498).');
    Object.assign(consent, { _status: absentReason('unknown') });
  }
  consent.scope = absentReason('unknown');
  consent.category = [type ?? absentReason('unknown')];
  consent.patient = subject.reference;
  set(consent, 'dateTime', decided);
  const people = each(con.all(24, 'Consent.performer'), humanName);
  set(
    consent,
    'performer',
    people?.map((name) => ({ display: nameText(name) })),
  );
  const words = [5, 6, 7, 8, 9].flatMap((n) =>
    con.all(n, 'Consent.sourceAttachment').map((field) => asText(field)?.valueString ?? ''),
  );
  if (words.some((text) => text.trim() !== '')) {
    consent.sourceAttachment = {
      contentType: 'text/plain; charset=utf-8',
      data: Buffer.from(words.join('\n'), 'utf8').toString('base64'),
    };
  }
  const form = con.text(3, 'Consent.policyRule');
  // R4 ppc-1 wants a policy or a rule.
  consent.policyRule = form === undefined ? absentReason('unknown') : { text: form };
  const [start, end] = [14, 15].map((n) => dateTime(con.first(n, 'Consent.provision.period')));
  const valid = period(start, end, con);
  if (valid !== undefined) consent.provision = { period: valid };
  declare(consent, 'Consent', con, rows, scope);
  scope.add(consent);
}
