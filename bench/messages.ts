import { drillMessage } from '../test/support/messages';

const stepsPerPatient = 5;

/**
 * The drill's messages, all first messages of the patients before all second ones: messages of one patient never meet,
 * so the bare loop can make its requests in any order, as the pipeline does.
 */
export function benchMessage(n: number, total: number): Buffer {
  const patients = Math.ceil(total / stepsPerPatient);
  return drillMessage((n % patients) * stepsPerPatient + Math.floor(n / patients));
}
