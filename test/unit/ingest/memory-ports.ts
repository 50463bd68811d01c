import { createHash } from 'node:crypto';
import type { Audit, AuditEventInput } from '../../../src/lib/audit';
import { createInterpreter, type IngestPorts, type MessageDocument } from '../../../src/lib/ingest';
import { defaultProfile } from '../../../src/lib/convert';
import type { Tenant } from '../../../src/lib/tenants';
import { MemoryContainer } from '../fhir-store/memory-container';

const cloned = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** What Azure's clients throw when a service is away. */
export class Away extends Error {
  readonly code = 503;
}
/** What they throw when our key or role is refused. */
export class Denied extends Error {
  readonly code = 403;
}

const tenants = new Map<string, Tenant>([
  ['demo', { id: 'demo', name: 'Demo', senders: [{ application: '*', facility: '*' }] }],
  [
    'northside',
    { id: 'northside', name: 'North', senders: [{ application: 'NORTHLAB', facility: 'NORTHSIDE' }] },
  ],
]);

/** Every port in memory, each call counted by `beforeCall`, with a clock that stands still. */
export class MemoryWorld {
  readonly messages = new Map<string, { document: MessageDocument; etag: string }>();
  readonly blobs = new Map<string, Uint8Array>();
  readonly container = new MemoryContainer();
  readonly audit = new Map<string, AuditEventInput>();
  readonly queued: Parameters<IngestPorts['outbox']['enqueue']>[0][] = [];
  /** By message id, as the broker's duplicate detection keeps them. */
  readonly rejected = new Map<string, Parameters<IngestPorts['outbox']['reject']>[0]>();
  readonly events = new Map<string, Parameters<IngestPorts['outbox']['publish']>[0]>();
  readonly logged: string[] = [];
  /** Called around every effect, in order: throw to fail the call before or after it. */
  around: (call: string, effect: () => Promise<unknown>) => Promise<unknown> = (_call, effect) => effect();
  /** From the first call of this name on the process is dead: nothing it does has an effect. */
  dieAt(name: string): void {
    let isDead = false;
    this.around = async (call, effect) => {
      isDead ||= call === name;
      if (isDead) throw new Error('dead');
      return effect();
    };
  }

  now = new Date('2026-11-20T00:00:00.000Z');
  slept = 0;
  #etags = 0;

  ports(overrides: Partial<IngestPorts> = {}): IngestPorts {
    const call = <T>(name: string, effect: () => T): Promise<T> =>
      this.around(name, async () => effect()) as Promise<T>;
    const { container } = this;
    const keyOf = (pk: string, id: string): string => `${pk} ${id}`;
    const put = (document: MessageDocument) => {
      const stored = { document: cloned(document), etag: `e${++this.#etags}` };
      this.messages.set(keyOf(document.pk, document.id), stored);
      return stored;
    };
    const audit: Audit = {
      record: (event) =>
        call('audit.record', () => {
          const id = `${event.tenantId}|${event.source}|${event.sourceKey}`;
          const first = this.audit.get(id);
          if (first) expect(cloned(event)).toEqual(first);
          this.audit.set(id, cloned(event));
          return {
            id,
            leafHash: '',
            state: 'persisted' as const,
            sealedBy: '',
            duplicate: first !== undefined,
          };
        }),
    };
    return {
      tenants: { defaultTenant: 'demo', find: (id) => tenants.get(id) },
      profiles: [],
      profileOf: () => defaultProfile,
      interpret: createInterpreter([]),
      messages: {
        create: (document) =>
          call('messages.create', () =>
            this.messages.has(keyOf(document.pk, document.id)) ? undefined : put(document),
          ),
        read: (pk, id) => call('messages.read', () => this.messages.get(keyOf(pk, id))),
        replace: (document, etag) =>
          call('messages.replace', () =>
            this.messages.get(keyOf(document.pk, document.id))?.etag === etag ? put(document) : undefined,
          ),
        list: async () => this.documents(),
        countFeeds: async () => [],
        listOpen: async () =>
          this.documents().filter(
            ({ status, waiting }) => ['rejected', 'conflict'].includes(status) || waiting !== undefined,
          ),
        listEdits: async () =>
          this.documents().flatMap(({ id, status, editedFrom }) =>
            editedFrom === undefined ? [] : [{ id, status, editedFrom }],
          ),
        find: async (reference) =>
          this.documents().filter(({ id, key, controlId }) => [id, key, controlId].includes(reference)),
      },
      raw: {
        reference: async (tenantId, bytes) => {
          const sha256 = createHash('sha256').update(bytes).digest('hex');
          const name = createHash('sha256').update(`keyed${sha256}`).digest('base64url');
          return { blob: `${tenantId}/${name}`, sha256, length: bytes.byteLength };
        },
        put: (_tenantId, { blob }, bytes) =>
          call('raw.put', () => {
            if (!this.blobs.has(blob)) this.blobs.set(blob, Uint8Array.from(bytes));
          }),
        get: (_tenantId, { blob, length }) =>
          call('raw.get', () => {
            const bytes = this.blobs.get(blob);
            return bytes?.length === length ? bytes : undefined;
          }),
      },
      resources: {
        read: (pk, ids) =>
          this.around('resources.read', () => container.read(pk, ids)) as ReturnType<typeof container.read>,
        commit: (pk, writes) =>
          this.around('resources.commit', () => container.commit(pk, writes)) as ReturnType<
            typeof container.commit
          >,
        findCurrent: container.findCurrent,
      },
      audit,
      outbox: {
        enqueue: (message) => call('outbox.enqueue', () => void this.queued.push(message)),
        reject: (message) =>
          call('outbox.reject', () => void this.rejected.set(message.messageId, cloned(message))),
        publish: (event) => call('outbox.publish', () => void this.events.set(event.id, cloned(event))),
      },
      clock: {
        now: () => this.now,
        sleep: async (milliseconds) => {
          this.slept += milliseconds;
        },
      },
      retryDelaysSeconds: [60, 300, 900, 3600],
      maxInlineBytes: 200 * 1024,
      ...overrides,
    };
  }

  documents(): MessageDocument[] {
    return [...this.messages.values()].map(({ document }) => document);
  }

  statuses(): string[] {
    return this.documents()
      .map(({ status, code }) => (code === undefined ? status : `${status} ${code}`))
      .sort();
  }

  /** Everything that lasts, without etags. */
  snapshot(): unknown {
    const sorted = (values: Iterable<unknown>): string[] =>
      [...values].map((value) => JSON.stringify(value)).sort();
    return {
      messages: sorted(this.documents()),
      resources: this.container.snapshot(),
      audit: sorted(this.audit.values()),
      rejected: sorted(this.rejected.values()),
      events: sorted(this.events.values()),
      blobs: sorted(this.blobs.keys()),
    };
  }
}
