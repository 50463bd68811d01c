import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { withServices } from '../../cli/services';
import type { AuditEventInput } from '../../src/lib/audit';
import { MedrelayError } from '../../src/lib/errors';

/** What a receipt says, one a line, written once the receipt is there. */
export interface Receipt {
  readonly n: number;
  readonly id: string;
  readonly leafHash: string;
  readonly state: 'persisted' | 'queued' | 'journaled';
  readonly duplicate: boolean;
}

export const source = 'outageDrill';
const tickMs = 50;
const maxInFlight = 4_000;
/** A sender that was killed does not know which of its last events were taken: it delivers them again. */
const repeatedAfterKill = 1_000;

export function readReceipts(file: string): Receipt[] {
  if (!existsSync(file)) return [];
  // The last line of a process that was killed may be cut short.
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Receipt] : []));
}

/** The app under test: records events at a steady rate until SIGTERM, and whatever is refused again until it is taken. */
export async function recordUntilStopped(dataDir: string, file: string, perSecond: number): Promise<void> {
  let isOver = false;
  process.once('SIGTERM', () => (isOver = true));
  await withServices(dataDir, async ({ audit }) => {
    const inFlight = new Set<Promise<void>>();
    const recordOne = async (n: number): Promise<void> => {
      for (;;) {
        try {
          const { id, leafHash, state, duplicate } = await audit.record(numbered(n));
          appendFileSync(
            file,
            `${JSON.stringify({ n, id, leafHash, state, duplicate } satisfies Receipt)}\n`,
          );
          return;
        } catch (error) {
          if (!(error instanceof MedrelayError && error.code === 'AUDIT_NOT_DURABLE')) throw error;
          await delay(1_000);
        }
      }
    };
    const taken = readReceipts(file).map(({ n }) => n);
    // From the first without a receipt on, and some before it once more.
    const known = new Set(taken);
    let next = 0;
    while (known.has(next)) next++;
    next = Math.max(0, next - repeatedAfterKill);
    const [from, started] = [next, Date.now()];
    while (!isOver) {
      const due = from + Math.floor(((Date.now() - started) / 1000) * perSecond);
      for (; next < due && inFlight.size < maxInFlight; next++) {
        const recording = recordOne(next).finally(() => inFlight.delete(recording));
        inFlight.add(recording);
      }
      await delay(tickMs);
    }
    await Promise.all(inFlight);
  });
}

const start = Date.parse('2026-03-05T08:00:00Z');

/** Stable for its number, as the event of a message is: another process states the same. */
const numbered = (n: number): AuditEventInput => ({
  tenantId: 'demo',
  source,
  sourceKey: String(n),
  occurredAt: new Date(start + n * 5).toISOString(),
  type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110107' },
  action: 'C',
  outcome: '0',
  agents: [{ who: 'medrelay/outage-drill', requestor: false }],
  entities: [
    {
      type: { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '2' },
      what: `message/${n}`,
    },
  ],
  phi: { 'patient.name': `DRILL^PATIENT ${n}` },
  ext: { n },
});
