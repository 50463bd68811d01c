import { canonicalJson } from '../../../../src/lib/audit/canonical';
import { dayOf, eventId, partitionKey } from '../../../../src/lib/audit/identity';
import { leafHash } from '../../../../src/lib/audit/merkle';
import { logPartition } from '../../../../src/lib/audit/seal/documents';
import type { Pages, TrailReader } from '../../../../src/lib/audit/verify';
import { buildLog, localSigner } from '../../../support/audit/log-builder';
import type { Doc } from '../../../support/audit/trail-file';

export const TENANT = 'north';
const HOUR_MS = 60 * 60 * 1000;
const BEGIN = Date.parse('2025-12-27T00:00:00Z');
const DAYS = 9;

/** Nine days around a New Year with an event every half hour, sealed every six hours: two logs. */
export interface Trail {
  readonly events: Doc[];
  readonly log: Doc[];
  readonly notes: Map<string, string>;
  readonly signer: ReturnType<typeof localSigner>;
  readonly reader: TrailReader;
}

function eventAt(time: number, n: number): Doc {
  const occurredAt = new Date(time).toISOString();
  const id = eventId(TENANT, 'test', `event-${n}`);
  const hashed = {
    v: 1,
    id,
    tenantId: TENANT,
    occurredAt,
    receivedAt: new Date(time + 1000).toISOString(),
    action: 'R',
    outcome: '0',
    entities: [{ what: `Patient/${n % 7}` }],
    phi: { name: { kid: 'phi/202512/a', alg: 'A256GCM', iv: `iv${n}`, ct: `ct${n}`, tag: `tag${n}` } },
  };
  const hash = leafHash(Buffer.from(canonicalJson(hashed), 'utf8')).toString('hex');
  return {
    ...hashed,
    pk: partitionKey(TENANT, occurredAt, id),
    leafHash: hash,
    mac: { kid: 'k', val: 'v' },
    _ts: 1,
  };
}

/** Of another history, by the same signer, with an event left out. */
interface Otherwise {
  readonly signer: Trail['signer'];
  readonly without: number;
}

export async function createTrail(otherwise?: Otherwise): Promise<Trail> {
  const signer = otherwise?.signer ?? localSigner();
  const events: Doc[] = [];
  const log: Doc[] = [];
  const notes = new Map<string, string>();
  let last: string | undefined;
  for (const year of ['2025', '2026']) {
    const rounds = [];
    for (let time = BEGIN; time < BEGIN + DAYS * 24 * HOUR_MS; time += 6 * HOUR_MS) {
      const at = new Date(time + 6 * HOUR_MS).toISOString();
      if (at.slice(0, 4) !== year) continue;
      const sealed = Array.from({ length: 12 }, (_, n) =>
        eventAt(time + (n * HOUR_MS) / 2, time / HOUR_MS + n / 100),
      ).filter((_, n) => events.length + n !== otherwise?.without);
      events.push(...sealed);
      const leaves = sealed.map(({ id, occurredAt, leafHash: hash }) => ({
        id,
        day: dayOf(String(occurredAt)),
        hash: String(hash),
      }));
      // Every fourth round seals nothing more: an empty period.
      rounds.push({ leaves, at }, ...(rounds.length % 4 === 0 ? [{ leaves: [], at }] : []));
    }
    const built = await buildLog(TENANT, year, rounds, signer, last);
    log.push(...built.documents);
    for (const [n, note] of built.notes.entries()) notes.set(`${year}/${n + 1}`, note);
    last = built.notes.at(-1);
  }
  const trail = { events, log, notes, signer };
  return { ...trail, reader: createReader(trail) };
}

export function createReader({ events, log, notes }: Pick<Trail, 'events' | 'log' | 'notes'>): TrailReader {
  const inOrder = (docs: readonly Doc[]): Doc[] => [...docs].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    anchors: () =>
      Promise.resolve([...notes.keys()].map((key) => ({ year: key.slice(0, 4), seq: Number(key.slice(5)) }))),
    anchor: ({ year, seq }) => Promise.resolve(notes.get(`${year}/${seq}`)),
    years: () => Promise.resolve(['2025', '2026']),
    log: (year, kind) =>
      pages(inOrder(log.filter((doc) => doc.pk === logPartition(TENANT, year) && doc['kind'] === kind))),
    events: (days = []) =>
      pages(events.filter(({ pk }) => days.some((day) => pk.startsWith(`${TENANT}|${day}|`)))),
  };
}

async function* pages(documents: readonly Doc[]): Pages {
  await Promise.resolve();
  for (let at = 0; at < documents.length; at += 10) yield documents.slice(at, at + 10);
}
