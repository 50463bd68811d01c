import type {
  Coding,
  Immunization,
  MedicationAdministration,
  MedicationDispense,
  MedicationRequest,
  ServiceRequest,
} from 'fhir/r4';
import { codings, table, terminology } from './table';

/** HL7 table 0038 (ORC-5; guide: OrderStatus) to request-status. `A` (some, not all, results) is active. */
const orderStatus = table<ServiceRequest['status']>({
  A: 'active',
  CA: 'revoked',
  CM: 'completed',
  DC: 'revoked',
  ER: 'entered-in-error',
  HD: 'on-hold',
  IP: 'active',
  RP: 'revoked',
  SC: 'active',
});

/**
 * HL7 table 0119 (ORC-1) to request-status (guide: OrderControlCode). R4's status is that of the authorization, which
 * is the placer's: with a request to cancel, discontinue or hold (CA DC HD) it is withdrawn or suspended, whatever the
 * filler answers. Erratum: the guide makes those `active`, and an order that was replaced as requested (RQ), too. Codes
 * that report something else (RE and PR results, PA and CH parent and child, SC status changed, NA and SN numbers, DE
 * data errors) say nothing about the status.
 */
const orderControl = table<ServiceRequest['status']>({
  AF: 'active',
  CA: 'revoked',
  CR: 'revoked',
  DC: 'revoked',
  DF: 'revoked',
  DR: 'revoked',
  FU: 'completed',
  HD: 'on-hold',
  HR: 'on-hold',
  NW: 'active',
  OC: 'revoked',
  OD: 'revoked',
  OE: 'active',
  OH: 'on-hold',
  OK: 'active',
  OP: 'active',
  OR: 'active',
  PY: 'active',
  RL: 'active',
  RO: 'active',
  RQ: 'revoked',
  RU: 'revoked',
  UA: 'revoked',
  UC: 'active',
  UD: 'active',
  UH: 'active',
  UR: 'on-hold',
  XO: 'active',
  XR: 'active',
  XX: 'active',
});

export interface OrderState {
  /** ORC-1. */
  readonly control: string | undefined;
  /** ORC-5. */
  readonly status: string | undefined;
}

/** ORC-5 says what the status is, ORC-1 what happened: the first wins. */
export const requestStatus = ({ control, status }: OrderState): ServiceRequest['status'] | undefined =>
  orderStatus(status) ?? orderControl(control);

/** R4 tells apart what never started (cancelled) and what was stopped on the way; DC, DR, OD and DF are the latter. */
const stopped = new Set(['DC', 'DR', 'OD', 'DF', 'RP', 'RQ', 'RU']);

export function prescriptionStatus(state: OrderState): MedicationRequest['status'] | undefined {
  const status = requestStatus(state);
  if (status !== 'revoked') return status;
  const code = orderStatus(state.status) === undefined ? state.control : state.status;
  return stopped.has(code ?? '') ? 'stopped' : 'cancelled';
}

/** ORC-5, else ORC-1, of a dispense. `A` and `SC` speak of the order. */
export function dispenseStatus(state: OrderState): MedicationDispense['status'] | undefined {
  if (state.status === 'CM') return 'completed';
  if (state.status === 'IP') return 'in-progress';
  const status = requestStatus(state);
  if (status === 'revoked') return prescriptionStatus(state) === 'stopped' ? 'stopped' : 'cancelled';
  return status === 'on-hold' || status === 'entered-in-error' ? status : undefined;
}

/** OBR-25 of an order that says nothing else: HL7 table 0123 by its definitions. */
export const progressStatus = table<ServiceRequest['status']>({
  A: 'active',
  C: 'completed',
  F: 'completed',
  I: 'active',
  O: 'active',
  P: 'active',
  R: 'active',
  S: 'active',
  X: 'revoked',
});

/** OBR-5, TQ-6 and TQ1-9 (guide: ExtendedPriorityCodes); `ROU` and `STAT` are met in the field. */
export const requestPriority = table<NonNullable<ServiceRequest['priority']>>({
  S: 'stat',
  STAT: 'stat',
  A: 'asap',
  ASAP: 'asap',
  R: 'routine',
  ROU: 'routine',
  ROUTINE: 'routine',
  U: 'urgent',
  UR: 'urgent',
});

/** HL7 table 0482 (ORC-29; guide: OrderType). */
export const orderLocation = codings(`${terminology}/v3-RoleCode`, {
  I: ['HOSP', 'Hospital'],
  O: ['OF', 'Outpatient facility'],
});

/** The same for prescriptions, which have no place but a category. */
export const prescriptionSetting = codings(`${terminology}/medicationrequest-category`, {
  I: ['inpatient', 'Inpatient'],
  O: ['outpatient', 'Outpatient'],
});

const confidentialityLevel = codings(`${terminology}/v3-Confidentiality`, {
  R: ['R', 'restricted'],
  V: ['V', 'very restricted'],
});
const sensitivity = codings(`${terminology}/v3-ActCode`, {
  AID: ['HIV', 'HIV/AIDS information sensitivity'],
  EMP: ['EMP', 'employee information sensitivity'],
  ETH: ['ETHUD', 'alcohol use disorder information sensitivity'],
  HIV: ['HIV', 'HIV/AIDS information sensitivity'],
  PSY: ['PSY', 'psychiatry disorder information sensitivity'],
});
const confidentialityKind = codings(`${terminology}/v2-0177`, {
  U: ['U', 'Usual control'],
  UWM: ['UWM', 'Unwed mother'],
  VIP: ['VIP', 'Very important person or celebrity'],
});
/**
 * HL7 table 0177 (ORC-28; guide: ConfidentialityCode). The level comes from v3-Confidentiality; what makes something
 * sensitive from v3-ActCode, as R4's security labels have it.
 */
export const confidentiality = (code: string | undefined): Coding | undefined =>
  confidentialityLevel(code) ?? sensitivity(code) ?? confidentialityKind(code);

/** HL7 table 0161 (RXO-9; guide: AllowSubstitution). */
export const substitution = codings(`${terminology}/v2-0161`, {
  G: ['G', 'Allow generic substitutions.'],
  N: ['N', 'Substitutions are NOT authorized.  (This is the default - null.)'],
  T: ['T', 'Allow therapeutic substitutions'],
});

/** HL7 table 0322 (RXA-20; guide: CompletionStatus), which both kinds of administration share. */
export const completionStatus = table<Immunization['status'] & MedicationAdministration['status']>({
  CP: 'completed',
  PA: 'completed',
  NA: 'not-done',
  RE: 'not-done',
});

/** HL7 table 0206 (RXA-21) as what was done to a record. */
export const dataOperation = codings(`${terminology}/v3-DataOperation`, {
  A: ['CREATE', 'create'],
  D: ['DELETE', 'delete'],
  U: ['UPDATE', 'revise'],
});

/** NIP001 (RXA-9): `00` is told by who gave it, the others are history from elsewhere. */
const source = `${terminology}/NIP001`;
export const informationSource = codings(source, {
  '00': ['00', 'New immunization record'],
  '01': ['01', 'Historical information - source unspecified'],
  '02': ['02', 'Historical information - from other provider'],
  '03': ['03', "Historical information - from parent's written record"],
  '04': ['04', "Historical information - from parent's recall"],
  '05': ['05', 'Historical information - from other registry'],
  '06': ['06', 'Historical information - from birth certificate'],
  '07': ['07', 'Historical information - from school record'],
  '08': ['08', 'Historical information - from public agency'],
});
