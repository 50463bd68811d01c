import type { Coding } from '../types';

/**
 * The name of an event that patterns speak of: what it is about, a dot, and what happened. It follows from the codes
 * alone, so it needs no member of its own: `fhir.read`, `import.transform`, `auth.login`, `security.integrity.conflict`.
 */
export function eventName({
  type,
  subtype = [],
}: {
  readonly type: Coding;
  readonly subtype?: readonly Coding[];
}): string {
  const about = TYPES[type.code] ?? type.code;
  const [first] = subtype;
  return first === undefined ? about : `${about}.${SUBTYPES[first.code] ?? first.code}`;
}

/** DICOM PS3.16 CID 400 and FHIR's audit-event-type. What is not here goes by its code, in words already or not. */
const TYPES: Readonly<Record<string, string>> = {
  rest: 'fhir',
  110100: 'application',
  110101: 'audit',
  110106: 'export',
  110107: 'import',
  110110: 'patient-record',
  110112: 'query',
  110113: 'security',
  110114: 'auth',
};

/** DICOM PS3.16 CID 401. */
const SUBTYPES: Readonly<Record<string, string>> = {
  110120: 'start',
  110121: 'stop',
  110122: 'login',
  110123: 'logout',
  110126: 'node-authentication',
  110127: 'break-glass-start',
  110128: 'network-configuration',
  110129: 'security-configuration',
  110131: 'software-configuration',
  110132: 'restricted-function',
  110133: 'recording-stopped',
  110134: 'recording-started',
  110135: 'object-attributes-changed',
  110136: 'roles-changed',
  110137: 'user-attributes-changed',
  110138: 'break-glass-stop',
};
