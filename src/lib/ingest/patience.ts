import { createFhirStore } from '../fhir';
import { failureKind, mayPassSoon } from './failures';
import type { IngestPorts, InvocationPorts } from './ports';

/**
 * All waiting of one invocation together. Far below the queue's lock of one minute, which the host renews for ten: a
 * trouble that lasts longer is waited out in the queue, not in a function that is paid for.
 */
const budgetMilliseconds = 20_000;
const firstPause = 100;
const longestPause = 5_000;

/**
 * The same ports, with each call tried again while its failure may pass and the budget lasts. Calls are
 * repeated one by one and not the whole message: with every fifth request refused, eight in a row would succeed in one
 * of six attempts. Each is idempotent, also when the first answer was lost.
 */
export function patient(ports: IngestPorts): InvocationPorts {
  let budget = budgetMilliseconds;

  async function patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
      try {
        return await work();
      } catch (error) {
        if (!mayPassSoon(failureKind(error)) || pause > budget) throw error;
        budget -= pause;
        // Half of it by chance: those who were refused together do not come back together.
        await ports.clock.sleep(pause * (0.5 + Math.random() / 2));
      }
    }
  }

  return {
    ...ports,
    messages: {
      ...ports.messages,
      create: (document) => patiently(() => ports.messages.create(document)),
      read: (pk, id) => patiently(() => ports.messages.read(pk, id)),
      replace: (document, etag) => patiently(() => ports.messages.replace(document, etag)),
    },
    raw: {
      reference: (tenantId, bytes) => patiently(() => ports.raw.reference(tenantId, bytes)),
      put: (...args) => patiently(() => ports.raw.put(...args)),
      get: (...args) => patiently(() => ports.raw.get(...args)),
    },
    fhir: createFhirStore({
      ...ports.resources,
      read: (pk, ids) => patiently(() => ports.resources.read(pk, ids)),
      commit: (pk, writes) => patiently(() => ports.resources.commit(pk, writes)),
    }),
    audit: { record: (event) => patiently(() => ports.audit.record(event)) },
    outbox: {
      enqueue: (message) => patiently(() => ports.outbox.enqueue(message)),
      reject: (message) => patiently(() => ports.outbox.reject(message)),
      publish: (event) => patiently(() => ports.outbox.publish(event)),
    },
  };
}
