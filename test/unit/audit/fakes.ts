import {
  BUILT_IN,
  compilePreset,
  type AuditDocument,
  type AuditEventInput,
  type EventJournal,
  type EventQueue,
  type EventStore,
  type ReplayPorts,
} from '../../../src/lib/audit';
import { createFieldCipher } from '../../../src/lib/security';
import { memoryKeyStore, xorWrap } from '../security/fakes';

/** What happens to one call: it works; it fails; it works and its answer is lost. */
export type Fate = 'ok' | 'fail' | 'lost';

class Away extends Error {}

const isPassing = (error: unknown): boolean =>
  error instanceof Away || (error instanceof Error && 'retryable' in error && error.retryable === true);

export interface World extends ReplayPorts {
  readonly stored: Map<string, AuditDocument>;
  readonly queued: Map<string, AuditDocument>;
  readonly journaled: Map<string, unknown>;
  /** Asked once per call. */
  fate: (sink: 'store' | 'queue' | 'journal') => Fate;
  readonly calls: string[];
  /** By message id: when, and as which attempt. */
  readonly postponed: Map<string, { readonly notBefore: Date; readonly attempt: number }>;
}

const [first] = BUILT_IN.values();
if (!first) throw new Error('There is no built-in preset.');
export const preset = compilePreset(first);

/** The three sinks in memory, with the broker's duplicate detection and create-only semantics. */
export function createWorld(): World {
  const stored = new Map<string, AuditDocument>();
  const queued = new Map<string, AuditDocument>();
  const journaled = new Map<string, unknown>();
  const calls: string[] = [];
  const postponed: World['postponed'] = new Map();
  async function call<T>(sink: 'store' | 'queue' | 'journal', name: string, work: () => T): Promise<T> {
    await Promise.resolve();
    calls.push(`${sink}.${name}`);
    const fate = world.fate(sink);
    if (fate === 'fail') throw new Away();
    const result = work();
    if (fate === 'lost') throw new Away();
    return result;
  }
  function createIn(map: Map<string, unknown>, key: string, document: AuditDocument): 'created' | 'exists' {
    if (map.has(key)) return 'exists';
    map.set(key, JSON.parse(JSON.stringify(document)));
    return 'created';
  }

  const store: EventStore = {
    create: (document) =>
      call('store', 'create', () => createIn(stored, `${document.pk}/${document.id}`, document)),
    createMany: (documents) =>
      call('store', 'createMany', () =>
        documents.map((document) =>
          createIn(stored, `${document.pk}/${document.id}`, document) === 'created' ? 'created' : 'refused',
        ),
      ),
    read: ({ pk, id }) => call('store', 'read', () => stored.get(`${pk}/${id}`)),
    list: (partitions, from, to, limit) =>
      call('store', 'list', () =>
        [...stored.values()]
          .filter(({ pk, occurredAt }) => partitions.includes(pk) && occurredAt >= from && occurredAt < to)
          .sort((a, b) => (a.occurredAt < b.occurredAt ? 1 : -1))
          .slice(0, limit),
      ),
  };
  const queue: EventQueue = {
    send: (document, messageId) => call('queue', 'send', () => void createIn(queued, messageId, document)),
    postpone: (document, messageId, attempt, notBefore) =>
      call('queue', 'postpone', () => {
        if (createIn(queued, messageId, document) === 'created')
          postponed.set(messageId, { attempt, notBefore });
      }),
  };
  const nameOf = ({ tenantId, id }: AuditDocument): string => `journal/${tenantId}/${id}.json`;
  const journal: EventJournal = {
    create: (document) => call('journal', 'create', () => createIn(journaled, nameOf(document), document)),
    read: (document) =>
      call('journal', 'read', () => journaled.get(nameOf(document)) as AuditDocument | undefined),
    async *names() {
      await Promise.resolve();
      yield* [...journaled.keys()];
    },
    open: (name) => call('journal', 'open', () => journaled.get(name)),
    remove: (name) => call('journal', 'remove', () => void journaled.delete(name)),
  };

  const world: World = {
    app: 'test',
    cipher: createFieldCipher({ keyWrap: xorWrap(), store: memoryKeyStore() }),
    store,
    queue,
    journal,
    classify: (error) => ({ kind: isPassing(error) ? 'unavailable' : 'other' }),
    presetOf: () => preset,
    clock: { now: Date.now },
    stored,
    queued,
    journaled,
    calls,
    postponed,
    retryDelaysSeconds: [60, 300],
    fate: () => 'ok',
  };
  return world;
}

/** Pauses and deadlines pass in no time, and `Date` goes along with them. */
export function inVirtualTime(): void {
  beforeEach(() => {
    jest.useFakeTimers({ now: Date.parse('2026-03-05T09:00:00Z') });
    // In jest 30's own types, not yet in @types/jest.
    (jest as unknown as { setTimerTickMode(mode: { mode: 'nextAsync' }): void }).setTimerTickMode({
      mode: 'nextAsync',
    });
  });
  afterEach(() => jest.useRealTimers());
}

export function event(overrides: Partial<AuditEventInput> = {}): AuditEventInput {
  return {
    tenantId: 'north',
    source: 'hl7Processor',
    sourceKey: 'message-1|done',
    occurredAt: '2026-03-05T08:30:00.000Z',
    type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110107', display: 'Import' },
    action: 'C',
    outcome: '0',
    agents: [{ who: 'medrelay/hl7Processor', requestor: false }],
    entities: [
      {
        type: { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '2' },
        what: 'message/1',
      },
    ],
    phi: { 'patient.name': 'DOE^JANE' },
    ext: { resources: 12 },
    ...overrides,
  };
}
