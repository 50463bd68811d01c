/** Valid R4, one per shape that the check has to know; the tests break copies of them. All people are invented. */
export type Json = Record<string, unknown>;

const HL7 = 'http://terminology.hl7.org/CodeSystem/';
const UCUM = 'http://unitsofmeasure.org';
const coded = (system: string, code: string): Json => ({ coding: [{ system, code }] });
const PATIENT_ID = '0b2c3a52-5a0e-5d5c-9d55-0d6d8cf3a001';
const OBSERVATION_ID = '0b2c3a52-5a0e-5d5c-9d55-0d6d8cf3a002';
const REPORT_ID = '0b2c3a52-5a0e-5d5c-9d55-0d6d8cf3a003';
const PRACTITIONER_ID = '0b2c3a52-5a0e-5d5c-9d55-0d6d8cf3a004';
const ENCOUNTER_ID = '0b2c3a52-5a0e-5d5c-9d55-0d6d8cf3a005';
const urn = (id: string): string => `urn:uuid:${id}`;

const patient: Json = {
  resourceType: 'Patient',
  id: PATIENT_ID,
  meta: {
    lastUpdated: '2024-03-01T08:00:00.123Z',
    profile: ['http://hl7.org/fhir/StructureDefinition/Patient'],
  },
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Ada Example</p></div>' },
  extension: [
    { url: 'http://example.org/ext/nested', extension: [{ url: 'part', valueString: 'x' }] },
    { url: 'http://example.org/ext/flag', valueBoolean: false },
  ],
  identifier: [{ use: 'usual', type: coded(`${HL7}v2-0203`, 'MR'), system: 'urn:oid:1.2.3.4', value: '123' }],
  active: true,
  name: [{ use: 'official', family: 'Example', given: ['Ada', 'B.'] }],
  telecom: [{ system: 'phone', value: '+1 555 0100', use: 'home', rank: 1 }],
  gender: 'female',
  birthDate: '1984-02-29',
  _birthDate: {
    extension: [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime',
        valueDateTime: '1984-02-29T04:05:00+01:00',
      },
    ],
  },
  deceasedBoolean: false,
  address: [{ line: ['1 Main St'], city: 'Springfield', period: { start: '2001-01', end: '2001' } }],
  contact: [{ relationship: [coded(`${HL7}v2-0131`, 'N')], name: { family: 'Example' } }],
  communication: [{ language: coded('urn:ietf:bcp:47', 'en'), preferred: true }],
};

const observation: Json = {
  resourceType: 'Observation',
  id: OBSERVATION_ID,
  status: 'final',
  category: [coded(`${HL7}observation-category`, 'laboratory')],
  code: coded('http://loinc.org', '2823-3'),
  subject: { reference: `Patient/${PATIENT_ID}`, type: 'Patient' },
  effectiveDateTime: '2024-03-01T07:30:00-05:00',
  issued: '2024-03-01T07:45:00Z',
  valueQuantity: { value: 6.8, comparator: '>', unit: 'mmol/L', system: UCUM, code: 'mmol/L' },
  interpretation: [coded(`${HL7}v3-ObservationInterpretation`, 'HH')],
  note: [{ text: 'haemolysed\nrepeat' }],
  referenceRange: [
    { low: { value: 3.5, unit: 'mmol/L' }, high: { value: 5.1, unit: 'mmol/L' }, text: '3.5-5.1' },
  ],
};

const panel: Json = {
  resourceType: 'Observation',
  status: 'preliminary',
  code: coded('http://loinc.org', '85354-9'),
  effectivePeriod: { start: '2024-03-01', end: '2024-03-01T09:00:00Z' },
  component: [
    {
      code: coded('http://loinc.org', '8480-6'),
      valueQuantity: { value: 120 },
      referenceRange: [{ text: 'n' }],
    },
    {
      code: coded('http://loinc.org', '8462-4'),
      dataAbsentReason: coded(`${HL7}data-absent-reason`, 'unknown'),
    },
  ],
};

const encounter: Json = {
  resourceType: 'Encounter',
  id: ENCOUNTER_ID,
  status: 'in-progress',
  class: { system: `${HL7}v3-ActCode`, code: 'IMP' },
  subject: { reference: `Patient/${PATIENT_ID}` },
  participant: [{ individual: { reference: `Practitioner/${PRACTITIONER_ID}` } }],
  period: { start: '2024-03-01T06:00:00Z' },
  hospitalization: { dischargeDisposition: { text: 'home' } },
  location: [{ location: { display: 'Ward 3' }, status: 'active' }],
};

const diagnosticReport: Json = {
  resourceType: 'DiagnosticReport',
  id: REPORT_ID,
  status: 'final',
  code: { text: 'Basic panel' },
  subject: { reference: `Patient/${PATIENT_ID}` },
  result: [{ reference: `Observation/${OBSERVATION_ID}` }],
  presentedForm: [{ contentType: 'application/pdf', data: 'JVBERi0xLjQ=' }],
};

const practitioner: Json = {
  resourceType: 'Practitioner',
  id: PRACTITIONER_ID,
  identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' }],
  name: [{ family: 'Doctor' }],
};

const others: Readonly<Record<string, Json>> = {
  organization: {
    resourceType: 'Organization',
    name: 'General Hospital',
    telecom: [{ system: 'phone', value: '1', use: 'work' }],
    address: [{ use: 'work', city: 'Springfield' }],
  },
  location: {
    resourceType: 'Location',
    status: 'active',
    mode: 'instance',
    name: 'Bed 7',
    position: { longitude: -1.5, latitude: 52 },
  },
  allergy: {
    resourceType: 'AllergyIntolerance',
    clinicalStatus: coded(`${HL7}allergyintolerance-clinical`, 'active'),
    verificationStatus: coded(`${HL7}allergyintolerance-verification`, 'confirmed'),
    category: ['food', 'medication'],
    criticality: 'high',
    patient: { reference: 'Patient/1' },
    reaction: [{ manifestation: [{ text: 'hives' }], severity: 'mild' }],
  },
  condition: {
    resourceType: 'Condition',
    clinicalStatus: coded(`${HL7}condition-clinical`, 'resolved'),
    verificationStatus: coded(`${HL7}condition-ver-status`, 'confirmed'),
    code: coded('http://hl7.org/fhir/sid/icd-10-cm', 'E11.9'),
    subject: { reference: 'Patient/1' },
    onsetAge: { value: 40, system: UCUM, code: 'a' },
    abatementDateTime: '2023',
    stage: [{ summary: { text: 'II' } }],
    evidence: [{ code: [{ text: 'x' }] }],
  },
  procedure: {
    resourceType: 'Procedure',
    status: 'completed',
    subject: { reference: 'Patient/1' },
    performedPeriod: { start: '2024-03-01T06:00:00Z', end: '2024-03-01T05:00:00-02:00' },
  },
  coverage: {
    resourceType: 'Coverage',
    status: 'active',
    beneficiary: { reference: 'Patient/1' },
    payor: [{ identifier: { system: 'urn:oid:2.16.840.1', value: 'AET' } }],
  },
  relatedPerson: {
    resourceType: 'RelatedPerson',
    patient: { reference: 'Patient/1' },
    relationship: [coded(`${HL7}v3-RoleCode`, 'MTH')],
  },
  specimen: {
    resourceType: 'Specimen',
    type: { text: 'blood' },
    collection: { collectedDateTime: '2024-03', quantity: { value: 5, unit: 'mL' } },
    container: [{ capacity: { value: 10, unit: 'mL' } }],
  },
  serviceRequest: {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    priority: 'stat',
    code: { text: 'CBC' },
    orderDetail: [{ text: 'fasting' }],
    subject: { reference: 'Patient/1' },
    occurrenceTiming: {
      repeat: { frequency: 1, period: 1, periodUnit: 'd', timeOfDay: ['08:00:00'], dayOfWeek: ['mon'] },
    },
  },
  containing: {
    resourceType: 'MedicationRequest',
    contained: [
      { resourceType: 'Medication', id: 'm1', code: { text: 'aspirin' } },
      {
        resourceType: 'Provenance',
        id: 'p1',
        target: [{ reference: '#' }],
        recorded: '2024-03-01T06:00:00Z',
        agent: [{ who: { display: 'x' } }],
      },
    ],
    status: 'active',
    intent: 'order',
    medicationReference: { reference: '#m1' },
    subject: { reference: 'http://example.org/fhir/Patient/1/_history/2' },
    dosageInstruction: [
      { doseAndRate: [{ rateRatio: { numerator: { value: 1 }, denominator: { value: 2 } } }] },
    ],
  },
  messageHeader: {
    resourceType: 'MessageHeader',
    eventCoding: { system: `${HL7}v2-0003`, code: 'A01' },
    source: { endpoint: 'urn:oid:1.2.3' },
  },
  provenance: {
    resourceType: 'Provenance',
    target: [{ reference: 'Patient/1' }],
    recorded: '2024-03-01T06:00:00Z',
    agent: [{ who: { display: 'converter' } }],
    entity: [
      { role: 'source', what: { identifier: { value: 'MSG1' } }, agent: [{ who: { display: 'sender' } }] },
    ],
  },
  gapped: {
    resourceType: 'Patient',
    name: [
      {
        given: ['Ada', null, 'C'],
        _given: [
          null,
          {
            extension: [
              { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' },
            ],
          },
          { id: 'c' },
        ],
      },
    ],
  },
  withoutStatusValue: {
    resourceType: 'Immunization',
    _status: {
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
      ],
    },
    vaccineCode: coded('http://hl7.org/fhir/sid/cvx', '140'),
    patient: { reference: 'Patient/1' },
    occurrenceDateTime: '2023-10-01',
  },
  questionnaire: {
    resourceType: 'Questionnaire',
    status: 'draft',
    item: [{ linkId: '1', type: 'group', item: [{ linkId: '1.1', type: 'string', text: 'Name?' }] }],
  },
  operationOutcome: {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: 'invalid', diagnostics: 'x' }],
  },
  parameters: {
    resourceType: 'Parameters',
    parameter: [{ name: 'a', part: [{ name: 'b', valueInteger: -3 }] }],
  },
  binary: { resourceType: 'Binary', contentType: 'text/plain; charset=utf-8', data: 'aGk=' },
  device: { resourceType: 'Device', udiCarrier: [{ carrierHRF: '(01)123' }], status: 'active' },
  searchset: {
    resourceType: 'Bundle',
    type: 'searchset',
    total: 1,
    link: [{ relation: 'self', url: 'http://example.org/fhir/Patient' }],
    entry: [
      {
        fullUrl: 'http://example.org/fhir/Patient/1',
        resource: { resourceType: 'Patient', id: '1' },
        search: { mode: 'match' },
      },
    ],
  },
};

const linked = (resource: Json, links: Json): Json => ({ ...resource, ...links });
const toPatient = { subject: { reference: urn(PATIENT_ID) } };
const put = (resource: Json): Json => ({
  fullUrl: urn(String(resource['id'])),
  resource,
  request: { method: 'PUT', url: `${String(resource['resourceType'])}/${String(resource['id'])}` },
});

/** A transaction of five entries that refer to each other, as a conversion makes it. */
const transaction: Json = {
  resourceType: 'Bundle',
  type: 'transaction',
  timestamp: '2024-03-01T08:00:00Z',
  entry: [
    put(patient),
    put(practitioner),
    put(
      linked(encounter, { ...toPatient, participant: [{ individual: { reference: urn(PRACTITIONER_ID) } }] }),
    ),
    put(linked(observation, { ...toPatient, encounter: { reference: urn(ENCOUNTER_ID) } })),
    put(linked(diagnosticReport, { ...toPatient, result: [{ reference: urn(OBSERVATION_ID) }] })),
  ],
};

const valid = {
  patient,
  observation,
  panel,
  encounter,
  diagnosticReport,
  practitioner,
  transaction,
  ...others,
};

export type FixtureName =
  | 'patient'
  | 'observation'
  | 'panel'
  | 'encounter'
  | 'diagnosticReport'
  | 'practitioner'
  | 'transaction'
  | 'organization'
  | 'location'
  | 'allergy'
  | 'condition'
  | 'procedure'
  | 'coverage'
  | 'relatedPerson'
  | 'specimen'
  | 'serviceRequest'
  | 'containing'
  | 'messageHeader'
  | 'provenance'
  | 'gapped'
  | 'withoutStatusValue'
  | 'questionnaire'
  | 'operationOutcome'
  | 'parameters'
  | 'binary'
  | 'device'
  | 'searchset';

export const fixtures = valid as Readonly<Record<FixtureName, Json>>;
export const fixtureNames = Object.keys(valid) as FixtureName[];

type Step = string | number;

/** A deep copy with the value at a path set, or removed when it is undefined. */
export function changed(original: Json, path: readonly Step[], value?: unknown): Json {
  const copy = structuredClone(original);
  let at: unknown = copy;
  for (const step of path.slice(0, -1)) at = (at as Record<Step, unknown>)[step];
  const last = path[path.length - 1] ?? '';
  if (value === undefined && Array.isArray(at)) at.splice(Number(last), 1);
  else if (value === undefined) delete (at as Record<Step, unknown>)[last];
  else (at as Record<Step, unknown>)[last] = value;
  return copy;
}

export const pathOf = (text: string): Step[] =>
  text.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
