import { validateResource } from '../../../src/lib/fhir';
import { changed, type FixtureName, fixtures, pathOf } from './fixtures';

/** fixture, where, what is put there (undefined = removed), rule that must speak. */
type Fault = readonly [fixture: FixtureName, where: string, value: unknown, rule: string];

const ENTERED_IN_ERROR = (set: string): unknown => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${set}`, code: 'entered-in-error' }],
});
const extension = [{ url: 'http://example.org/x', valueString: 'x' }];

export const faults: readonly Fault[] = [
  // Structure
  ['patient', 'resourceType', 'Patientt', 'resource-type'],
  ['patient', 'resourceType', 'constructor', 'resource-type'],
  ['patient', 'resourceType', 'DomainResource', 'resource-type'],
  ['patient', 'nickname', 'x', 'unknown-element'],
  ['patient', '_name', {}, 'unknown-element'],
  ['patient', 'name.0.middle', 'x', 'unknown-element'],
  ['patient', 'meta.project', 'x', 'unknown-element'],
  ['observation', 'valueAttachment', { url: 'http://x.org' }, 'unknown-element'],
  ['observation', 'status', undefined, 'required'],
  ['observation', 'code', undefined, 'required'],
  ['encounter', 'class', undefined, 'required'],
  ['coverage', 'payor', undefined, 'required'],
  ['provenance', 'agent', undefined, 'required'],
  ['relatedPerson', 'patient', undefined, 'required'],
  ['messageHeader', 'source', undefined, 'required'],
  ['messageHeader', 'eventCoding', undefined, 'required'],
  ['withoutStatusValue', 'occurrenceDateTime', undefined, 'required'],
  ['panel', 'component.0.code', undefined, 'required'],
  ['questionnaire', 'item.0.item.0.linkId', undefined, 'required'],
  ['observation', 'referenceRange.0.low.comparator', '<', 'cardinality'],
  ['patient', 'name', { family: 'x' }, 'json-type'],
  ['patient', 'gender', ['female'], 'json-type'],
  ['patient', 'active', 'true', 'json-type'],
  ['patient', 'name.0.family', 5, 'json-type'],
  ['patient', 'maritalStatus', 'M', 'json-type'],
  ['observation', 'valueQuantity.value', '6.8', 'json-type'],
  ['transaction', 'entry.0.resource', 'Patient', 'json-type'],
  ['patient', 'name', [], 'empty-array'],
  ['patient', 'maritalStatus', {}, 'ele-1'],
  ['patient', 'maritalStatus', { id: 'a' }, 'ele-1'],
  ['patient', '_gender', {}, 'ele-1'],
  ['patient', 'gender', null, 'null'],
  ['patient', 'name.0', null, 'null'],
  ['patient', 'name.0.given', [null, 'B.'], 'null'],
  ['patient', 'name.0._given', [null], 'sibling-length'],
  ['patient', '_gender', 'x', 'json-type'],
  ['patient', '_gender', { value: 'x' }, 'unknown-element'],
  ['observation', 'valueString', 'x', 'choice'],
  ['patient', 'deceasedDateTime', '2024', 'choice'],
  ['observation', '_valueString', { extension }, 'choice'],
  // Primitives
  ['patient', 'birthDate', '1984-02-30', 'format'],
  ['patient', 'birthDate', '2023-02-29', 'format'],
  ['patient', 'birthDate', '19840229', 'format'],
  ['patient', 'birthDate', '1984-02-29T00:00:00Z', 'format'],
  ['patient', 'birthDate', '0000-01-01', 'format'],
  ['observation', 'effectiveDateTime', '2024-03-01T07:30:00', 'format'],
  ['observation', 'effectiveDateTime', '2024-03-01T07:30Z', 'format'],
  ['observation', 'effectiveDateTime', '2024-04-31T07:30:00Z', 'format'],
  ['observation', 'effectiveDateTime', '2024-03-01T24:00:00Z', 'format'],
  ['observation', 'effectiveDateTime', '2024-03-01T07:30:00+0500', 'format'],
  ['observation', 'issued', '2024-03-01', 'format'],
  ['serviceRequest', 'occurrenceTiming.repeat.timeOfDay.0', '08:00', 'format'],
  ['patient', 'id', '00123_7^5', 'format'],
  ['patient', 'id', 'x'.repeat(65), 'format'],
  ['patient', 'id', '', 'format'],
  ['patient', 'name.0.family', '', 'format'],
  ['patient', 'name.0.family', ' \t', 'format'],
  ['patient', 'name.0.family', 'a\u0000b', 'format'],
  ['patient', 'name.0.family', 'a\u001bb', 'format'],
  ['patient', 'name.0.family', 'a\ud83d', 'format'],
  ['patient', 'name.0.family', '\ude00a', 'format'],
  ['observation', 'note.0.text', ' ', 'format'],
  ['observation', 'note.0.text', 'x'.repeat(1024 * 1024 + 1), 'format'],
  ['patient', 'identifier.0.system', 'urn:oid:1.2.x', 'format'],
  ['patient', 'identifier.0.system', 'urn:uuid:0B2C3A52-5A0E-5D5C-9D55-0D6D8CF3A001', 'format'],
  ['patient', 'identifier.0.system', 'http://example.org/a b', 'format'],
  ['patient', 'gender', 'female ', 'format'],
  ['patient', 'telecom.0.rank', 0, 'format'],
  ['patient', 'telecom.0.rank', 1.5, 'format'],
  ['searchset', 'total', -1, 'format'],
  ['parameters', 'parameter.0.part.0.valueInteger', 2147483648, 'format'],
  ['observation', 'valueQuantity.value', Number.NaN, 'format'],
  ['diagnosticReport', 'presentedForm.0.data', 'JVBERi0xLjQ', 'format'],
  ['diagnosticReport', 'presentedForm.0.data', 'JVBE!i0xLjQ=', 'format'],
  ['diagnosticReport', 'presentedForm.0.data', 'JVBE=i0xLjQ=', 'format'],
  // Terminology and systems
  ['observation', 'status', 'F', 'binding'],
  ['patient', 'gender', 'F', 'binding'],
  ['observation', 'valueQuantity.comparator', '<>', 'binding'],
  ['diagnosticReport', 'presentedForm.0.contentType', 'pdf', 'binding'],
  ['allergy', 'clinicalStatus', { text: 'active' }, 'binding'],
  ['allergy', 'clinicalStatus.coding.0.system', 'http://example.org/status', 'binding'],
  ['condition', 'verificationStatus.coding.0.code', 'sure', 'binding'],
  ['patient', 'identifier.0.system', 'NS', 'absolute-system'],
  ['observation', 'code.coding.0.system', 'LN', 'absolute-system'],
  // Extensions
  ['patient', 'extension.1.url', undefined, 'required'],
  ['patient', 'extension.1.url', 'flag', 'extension-url'],
  ['patient', 'extension.1.valueBoolean', undefined, 'ext-1'],
  ['patient', 'extension.0.valueString', 'x', 'ext-1'],
  ['patient', 'extension.1.valueString', 'x', 'choice'],
  ['patient', '_birthDate.extension.0.valueDateTime', undefined, 'ext-1'],
  // References and contained resources
  ['observation', 'subject.reference', 'Pat/1', 'reference-format'],
  ['observation', 'subject.reference', '123', 'reference-format'],
  ['observation', 'subject.reference', 'Patient/00123_7', 'reference-format'],
  ['observation', 'subject.reference', 'Patient?identifier=1', 'reference-format'],
  ['observation', 'subject', { reference: 'Organization/1' }, 'reference-target'],
  ['observation', 'subject', { type: 'Organization', display: 'x' }, 'reference-target'],
  ['observation', 'subject', { reference: 'http://x.org/fhir/Organization/1' }, 'reference-target'],
  ['observation', 'subject.type', 'Group', 'reference-type'],
  ['observation', 'subject', { type: 'Patient' }, 'reference-empty'],
  ['observation', 'subject.reference', '#p', 'ref-1'],
  [
    'transaction',
    'entry.3.resource.subject.reference',
    'urn:uuid:0b2c3a52-5a0e-5d5c-9d55-0d6d8cf3afff',
    'reference-unresolved',
  ],
  [
    'transaction',
    'entry.3.resource.subject.reference',
    'urn:uuid:0b2c3a52-5a0e-5d5c-9d55-0d6d8cf3a004',
    'reference-target',
  ],
  ['containing', 'medicationReference.reference', '#m2', 'ref-1'],
  ['containing', 'medicationReference', { reference: '#p1' }, 'reference-target'],
  ['containing', 'contained.0.contained', [{ resourceType: 'Basic', code: { text: 'x' } }], 'dom-2'],
  ['containing', 'medicationReference', { reference: 'Medication/1' }, 'dom-3'],
  ['containing', 'contained.0.meta', { versionId: '1' }, 'dom-4'],
  ['containing', 'contained.0.meta', { security: [{ code: 'R' }] }, 'dom-5'],
  ['containing', 'contained.0.id', undefined, 'contained-id'],
  ['containing', 'contained.1.id', 'm1', 'contained-id'],
  // Invariants of data types
  ['patient', 'text.div', '<p>Ada</p>', 'txt-1'],
  ['patient', 'text.div', '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>', 'txt-1'],
  ['patient', 'text.div', '<div xmlns="http://www.w3.org/1999/xhtml"> </div>', 'txt-2'],
  ['observation', 'valueQuantity.system', undefined, 'qty-3'],
  ['observation', 'referenceRange.0.age', { low: { value: 9 }, high: { value: 3 } }, 'rng-2'],
  ['containing', 'dosageInstruction.0.doseAndRate.0.rateRatio.denominator', undefined, 'rat-1'],
  ['encounter', 'period.end', '2024-02-29', 'per-1'],
  ['procedure', 'performedPeriod.end', '2024-03-01T06:00:00+02:00', 'per-1'],
  ['patient', 'telecom.0.system', undefined, 'cpt-2'],
  ['diagnosticReport', 'presentedForm.0.contentType', undefined, 'att-1'],
  ['condition', 'onsetAge.code', undefined, 'age-1'],
  ['serviceRequest', 'occurrenceTiming.repeat.periodUnit', undefined, 'tim-2'],
  ['serviceRequest', 'occurrenceTiming.repeat.when', ['MORN'], 'tim-10'],
  // Invariants of resources
  ['observation', 'dataAbsentReason', { text: 'x' }, 'obs-6'],
  [
    'observation',
    'component',
    [{ code: { coding: [{ system: 'http://loinc.org', code: '2823-3' }] } }],
    'obs-7',
  ],
  ['observation', 'referenceRange.0', { type: { text: 'normal' } }, 'obs-3'],
  ['patient', 'contact.0.name', undefined, 'pat-1'],
  ['organization', 'name', undefined, 'org-1'],
  ['organization', 'address.0.use', 'home', 'org-2'],
  ['organization', 'telecom.0.use', 'home', 'org-3'],
  ['allergy', 'clinicalStatus', undefined, 'ait-1'],
  ['allergy', 'verificationStatus', ENTERED_IN_ERROR('allergyintolerance-verification'), 'ait-2'],
  ['condition', 'clinicalStatus.coding.0.code', 'active', 'con-4'],
  ['condition', 'verificationStatus', ENTERED_IN_ERROR('condition-ver-status'), 'con-5'],
  ['condition', 'stage.0', { type: { text: 'x' } }, 'con-1'],
  ['serviceRequest', 'code', undefined, 'prr-1'],
  ['parameters', 'parameter.0.valueString', 'x', 'inv-1'],
  // Bundles
  ['transaction', 'total', 5, 'bdl-1'],
  ['transaction', 'entry.0.search', { mode: 'match' }, 'bdl-2'],
  ['transaction', 'entry.0.request', undefined, 'bdl-3'],
  ['searchset', 'entry.0.request', { method: 'GET', url: 'Patient/1' }, 'bdl-3'],
  ['transaction', 'entry.0.response', { status: '200' }, 'bdl-4'],
  ['searchset', 'entry.0', { link: [{ relation: 'self', url: 'http://x.org' }] }, 'bdl-5'],
  ['transaction', 'entry.1.fullUrl', 'urn:uuid:0b2c3a52-5a0e-5d5c-9d55-0d6d8cf3a001', 'bdl-7'],
  ['searchset', 'entry.0.fullUrl', 'http://example.org/fhir/Patient/1/_history/1', 'bdl-8'],
  ['searchset', 'type', 'document', 'bdl-9'],
  ['searchset', 'type', 'document', 'bdl-11'],
  ['searchset', 'type', 'message', 'bdl-12'],
  ['transaction', 'entry.0.fullUrl', 'urn:uuid:123', 'format'],
  ['transaction', 'entry.0.fullUrl', 'Patient/1', 'bundle-full-url'],
  ['searchset', 'entry.0.fullUrl', 'http://example.org/fhir/Patient/2', 'bundle-full-url'],
  ['transaction', 'entry.0.request.method', 'UPSERT', 'binding'],
  ['transaction', 'entry.0.request.url', 'Patient', 'bundle-request'],
  ['transaction', 'entry.0.request.url', 'Patient/other', 'bundle-request'],
  ['transaction', 'entry.0.request.url', 'Person/1', 'bundle-request'],
  ['transaction', 'entry.0.resource', undefined, 'bundle-request'],
  ['transaction', 'entry.0.request.ifNoneExist', 'identifier=1', 'bundle-request'],
  ['transaction', 'entry.0.resource.gender', 'F', 'binding'],
];

describe('seeded faults', () => {
  it.each(faults)('%s: %s = %j breaks %s', (fixture, where, value, rule) => {
    const issues = validateResource(changed(fixtures[fixture], pathOf(where), value));
    expect(issues.map((issue) => issue.rule)).toContain(rule);
  });

  it('names the place, from the path the caller knows', () => {
    const broken = changed(fixtures.transaction, pathOf('entry.3.resource.referenceRange.0.low.value'), 'x');
    expect(validateResource(broken)).toMatchObject([
      { rule: 'json-type', path: 'Bundle.entry[3].resource.referenceRange[0].low.value' },
    ]);
    expect(validateResource(changed(fixtures.observation, ['status'], 'F'), 'stored')).toMatchObject([
      { rule: 'binding', path: 'stored.status' },
    ]);
    expect(validateResource({ resourceType: 'Observation' }).map((issue) => issue.path)).toEqual([
      'Observation.code',
      'Observation.status',
    ]);
  });

  it('never quotes what it was given', () => {
    const canary = 'CANARY Doe 1984';
    const broken = {
      ...fixtures.patient,
      [canary]: canary,
      gender: canary,
      birthDate: canary,
      id: canary,
      generalPractitioner: [{ reference: canary }, { reference: `#${canary}` }],
      identifier: [{ system: canary, value: `${canary}\u0000` }],
    };
    const issues = validateResource(broken);
    expect(issues.length).toBeGreaterThanOrEqual(8);
    expect(JSON.stringify(issues)).not.toContain('CANARY');
    expect(JSON.stringify(validateResource({ resourceType: canary }))).not.toContain('CANARY');
  });

  it('reports every issue of an entry once, and stops at a thousand', () => {
    expect(validateResource(changed(fixtures.patient, ['gender'], 'F'))).toHaveLength(1);
    const hostile = { resourceType: 'Patient', name: new Array(5000).fill(7) };
    expect(validateResource(hostile)).toHaveLength(1001);
  });
});
