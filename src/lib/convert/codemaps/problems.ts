import type { Goal } from 'fhir/r4';

/*
 * The life cycle and confirmation tables of chapter 12 are user-defined and empty. Senders who use FHIR's own words
 * are taken at them; any other code stays what it is, beside the condition.
 */
const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

export const clinicalStatuses = set('active recurrence relapse inactive remission resolved');
export const verificationStatuses = set('unconfirmed provisional differential confirmed refuted');
const lifecycles = set('proposed planned accepted active on-hold completed cancelled rejected');

export const goalLifecycle = (code: string | undefined): Goal['lifecycleStatus'] | undefined =>
  code !== undefined && lifecycles.has(code) ? (code as Goal['lifecycleStatus']) : undefined;
