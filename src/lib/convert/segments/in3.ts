import type { Hl7Segment } from '../../hl7';
import { declareAsOne, type DeclaredFields } from '../declared';
import type { Scope } from '../scope';
import type { Insurance } from './in1';

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  2: ['number', 'Identifier'],
  3: ['certified-by', 'Practitioner'],
  4: ['required', 'boolean'],
  5: ['penalty', 'string'],
  6: ['certified', 'dateTime'],
  7: ['modified', 'dateTime'],
  8: ['operator', 'Practitioner'],
  9: ['begin', 'date'],
  10: ['end', 'date'],
  11: ['days', 'string'],
  12: ['non-concur', 'CodeableConcept', '0233'],
  13: ['non-concur-effective', 'dateTime'],
  14: ['physician-reviewer', 'Practitioner'],
  15: ['contact', 'string'],
  16: ['contact-telecom', 'ContactPoint'],
  17: ['appeal-reason', 'CodeableConcept', '0345'],
  18: ['agency', 'CodeableConcept', '0346'],
  19: ['agency-telecom', 'ContactPoint'],
  20: ['pre-certification-requirement', 'string'],
  21: ['case-manager', 'string'],
  22: ['second-opinion-date', 'date'],
  23: ['second-opinion-status', 'CodeableConcept', '0151'],
  24: ['second-opinion-documentation', 'CodeableConcept', '0152'],
  25: ['second-opinion-physician', 'Practitioner'],
};

/** IN3: the payer's certification of care, an extension of the Coverage. R4 knows it in a claim's response only. */
export function mapIn3(segment: Hl7Segment, scope: Scope, insurance: Insurance | undefined): void {
  const in3 = scope.open(segment, kept);
  if (insurance === undefined) {
    in3.keepAll('IN3 adds to a coverage, and IN1 made none.');
    return;
  }
  in3.entry = `urn:uuid:${insurance.coverage.id}`;
  declareAsOne(insurance.coverage, 'Coverage', 'certification', in3, rows, scope);
}
