import { hash } from 'node:crypto';
import { BUILT_IN, compilePreset, type AuditEventInput } from '../src/lib/audit';
import { canonicalJson } from '../src/lib/audit/canonical';
import { createRecorder, stated, type Recorder } from '../src/lib/audit/record';
import { createFieldCipher, type WrappedKey } from '../src/lib/security';
import { atMost } from './bar';
import { micro, type Findings } from './section';
import { median } from './statistics';

/**
 * Recording costs at most so many times as writing the same event canonically, by the library `canonicalize` (the
 * reference implementation of RFC 8785), and hashing it. Against our own writer, which is faster, it is told.
 */
const recordBar = 3;
const events = 500;
/** Short and many: what else the machine does hits both alike. */
const rounds = 60;
const warmUp = 20;

/** The CPU of recording: checks, canonical text, preset, three encrypted fields, two MACs, the leaf hash; no sink. */
export async function benchAuditRecord(): Promise<Findings> {
  const recorder = await createBenchRecorder();
  const given = Array.from({ length: events }, (_, n) => benchEvent(n));
  const { default: canonicalize } = await import('canonicalize');
  const sides: Readonly<Record<string, (event: AuditEventInput) => unknown>> = {
    record: (event) => recorder.seal(stated(event)),
    library: (event) => sha256(canonicalize(event) ?? ''),
    own: (event) => sha256(canonicalJson(event)),
  };
  const microseconds: Record<string, number[]> = { record: [], library: [], own: [] };
  for (let round = 0; round < rounds + warmUp; round++) {
    // Each goes first in its turn: drift hits all alike.
    const names = Object.keys(sides);
    for (const [n] of names.entries()) {
      const name = names[(n + round) % names.length] ?? '';
      const from = process.hrtime.bigint();
      for (const event of given) await sides[name]?.(event);
      const each = Number(process.hrtime.bigint() - from) / 1000 / events;
      if (round >= warmUp) microseconds[name]?.push(each);
    }
  }
  const middle = (name: string): number => median(microseconds[name] ?? []);
  return {
    rows: [
      { measure: 'audit: recording an event on the CPU, 3 fields encrypted', found: micro(middle('record')) },
      { measure: 'audit: the same event by canonicalize, and SHA-256', found: micro(middle('library')) },
      { measure: 'audit: the same event by our own writer, and SHA-256', found: micro(middle('own')) },
      {
        measure: 'audit: recording / our own writer and SHA-256',
        found: (middle('record') / middle('own')).toFixed(2),
      },
    ],
    bars: [
      atMost(
        'audit: recording / canonicalise and hash the same event',
        recordBar,
        middle('record') / middle('library'),
      ),
    ],
    report: microseconds,
  };
}

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer');

/** Keys in memory and a recorder whose sinks are never asked. */
async function createBenchRecorder(): Promise<Recorder> {
  const [preset] = BUILT_IN.values();
  if (!preset) throw new Error('There is no built-in preset.');
  const apply = compilePreset(preset);
  const never = () => Promise.reject(new Error('The bench records nothing.'));
  const recorder = createRecorder({
    app: 'bench',
    cipher: benchCipher(),
    store: { create: never, createMany: never, read: never, list: never },
    queue: { send: never, postpone: never },
    journal: { create: never, read: never, names: async function* () {}, open: never, remove: never },
    classify: () => ({ kind: 'other' }),
    presetOf: () => apply,
  });
  await recorder.seal(stated(benchEvent(0)));
  return recorder;
}

export function benchCipher() {
  const keys = new Map<string, WrappedKey>();
  return createFieldCipher({
    keyWrap: {
      currentKeyId: () => Promise.resolve('bench'),
      wrap: (dataKey) => Promise.resolve({ keyId: 'bench', wrapped: dataKey }),
      unwrap: (_, wrapped) => Promise.resolve(wrapped),
    },
    store: {
      read: (tenantId, id) => Promise.resolve(keys.get(`${tenantId}/${id}`)),
      createIfAbsent: (tenantId, key) => {
        const name = `${tenantId}/${key.id}`;
        keys.set(name, keys.get(name) ?? key);
        return Promise.resolve(keys.get(name) ?? key);
      },
    },
  });
}

const dcm = 'http://dicom.nema.org/resources/ontology/DCM';
const coding = (system: string, code: string) => ({
  system: `http://terminology.hl7.org/CodeSystem/${system}`,
  code,
});

/** A read of a patient's result by a person: what an audit trail is full of. */
export function benchEvent(n: number): AuditEventInput {
  return {
    tenantId: 'demo',
    source: 'bench',
    sourceKey: `event-${n}`,
    occurredAt: new Date(Date.parse('2026-03-05T08:00:00Z') + n * 1000).toISOString(),
    type: coding('audit-event-type', 'rest'),
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'read' }],
    action: 'R',
    outcome: '0',
    purpose: [coding('v3-ActReason', 'TREAT')],
    agents: [
      {
        type: { system: dcm, code: '110153', display: 'Source Role ID' },
        who: `client/app-${n % 7}`,
        requestor: false,
        network: '10.1.2.3',
      },
      {
        type: { system: dcm, code: '110152', display: 'Destination Role ID' },
        who: 'medrelay/fhir',
        requestor: false,
      },
      {
        type: coding('v3-ParticipationType', 'IRCP'),
        who: `user/${n % 90}`,
        requestor: true,
        name: 'Schmidt, Anna',
      },
    ],
    entities: [
      {
        type: coding('audit-entity-type', '2'),
        role: coding('object-role', '4'),
        what: `Observation/${n}`,
        version: '3',
      },
      {
        type: coding('audit-entity-type', '1'),
        role: coding('object-role', '1'),
        what: `Patient/${n % 400}`,
      },
    ],
    correlationId: `00-${String(n).padStart(32, '0')}-01`,
    phi: {
      'patient.name': 'Mustermann, Erika',
      reason: 'Follow-up after discharge; potassium was 6.8 mmol/L.',
    },
    ext: { durationMs: 12 + (n % 50), resources: 1 },
  };
}
