import type { Preset } from './preset';

const SHARED = ['admin', 'administrator', 'anonymous', 'guest', 'nurse', 'root', 'shared', 'test', 'unknown'];

/** Everything is expected, and what is not said to be less counts as PHI under HIPAA. */
const healthcareDefault: Preset = {
  name: 'healthcare-default',
  version: '1',
  allowed: ['*'],
  classification: [
    { events: ['application.*', 'security.*-configuration', 'security.recording-*'], is: 'Public' },
    { events: ['auth.*', 'security.*'], is: 'PII' },
    { events: ['*'], is: 'PHI' },
  ],
  frameworks: [{ events: ['*'], is: ['HIPAA'] }],
  purpose: [{ events: ['import.*'], is: [reason('TREAT', 'treatment')] }],
  requirements: [
    { events: ['fhir.*', 'import.transform', 'export*', 'patient-record*'], require: 'patient' },
    { events: ['fhir.*', 'audit*', 'export*', 'query*'], require: 'requestor' },
    { events: ['*'], require: 'unique-principal' },
    { events: ['*'], require: 'purpose-of-disclosure' },
    { events: ['*'], require: 'past' },
  ],
  sharedPrincipals: SHARED,
  failClosed: ['break-glass', '42CFRPart2', 'bulk-export'],
};

/** For an organisation that also has to show why and in which connection, and that keeps a list of its event types. */
const healthcareEnterprise: Preset = {
  ...healthcareDefault,
  name: 'healthcare-enterprise',
  allowed: [
    'application.*',
    'audit*',
    'auth.*',
    'export*',
    'fhir.*',
    'import*',
    'patient-record*',
    'query*',
    'security*',
  ].concat(
    [
      'access',
      'archive',
      'deidentify',
      'destroy',
      'disclose',
      'link',
      'merge',
      'pseudonymize',
      'reidentify',
    ].flatMap((lifecycle) => [lifecycle, `${lifecycle}.*`]),
    ['workflow*', 'operation*', 'object.*'],
  ),
  requirements: [
    ...healthcareDefault.requirements,
    { events: ['fhir.*', 'export*', 'security.break-glass-*'], require: 'purpose' },
    { events: ['fhir.*', 'workflow*'], require: 'correlation' },
  ],
};

function reason(code: string, display: string) {
  return { system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code, display };
}

export const BUILT_IN: ReadonlyMap<string, Preset> = new Map(
  [healthcareDefault, healthcareEnterprise].map((preset) => [preset.name, preset]),
);
