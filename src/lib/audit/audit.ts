import { recordBatch } from './batch';
import { createRecorder, stated, type AuditPorts } from './record';
import { createSinkGuards, type SinkGuards } from './sink-guard';
import type { AuditLibrary } from './types';

/** `record` costs one create and no read, `recordBatch` one request for a hundred events. */
export function createAudit(
  ports: AuditPorts,
  guards: SinkGuards = createSinkGuards(ports.classify),
): AuditLibrary {
  const recorder = createRecorder(ports, guards);
  return {
    async record(event) {
      return recorder.deliver(await recorder.seal(stated(event)));
    },
    recordBatch: (events) => recordBatch(events, { recorder, store: ports.store, guards }),
  };
}
