import type { SinkGuards } from './sink-guard';
import { createRecorder, stated, type AuditPorts } from './record';
import type { Audit } from './types';

/** The normal case costs one create and no read. */
export function createAudit(ports: AuditPorts, guards?: SinkGuards): Audit {
  const recorder = createRecorder(ports, guards);
  return {
    async record(event) {
      return recorder.deliver(await recorder.seal(stated(event)));
    },
  };
}
