import { drillMessage } from '../test/support/messages';

const stepsPerPatient = 5;
const patientsAtATime = 100;

/**
 * The drill's messages, a hundred patients at a time, all their first messages before their second ones: messages of
 * one patient are never in work together, so the bare loop can make its requests in any order, as the pipeline does.
 */
export function benchMessage(n: number): Buffer {
  const cohort = Math.floor(n / (patientsAtATime * stepsPerPatient));
  const patient = cohort * patientsAtATime + (n % patientsAtATime);
  return drillMessage(patient * stepsPerPatient + stepOf(n));
}

export const eventOf = (n: number): string =>
  ['ADT^A01', 'ORU^R01', 'ORU^R01', 'ORU^R01', 'ADT^A08'][stepOf(n)] ?? '';

const stepOf = (n: number): number => Math.floor(n / patientsAtATime) % stepsPerPatient;
