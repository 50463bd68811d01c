import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../../../../src/lib/audit/canonical';
import { eventId, partitionKey } from '../../../../src/lib/audit/identity';
import { leafHash } from '../../../../src/lib/audit/merkle';
import type { LogDocument, SealPorts } from '../../../../src/lib/audit/seal';
import { anchorPath } from '../../../../src/lib/azure';
import type { AuditEventInput } from '../../../../src/lib/audit/types';

/** What every port call goes through: order of calls, crashes. */
export type Step = <T>(name: string, effect: () => T) => Promise<T>;

const plainStep: Step = async (_, effect) => effect();

/** The stores that all sealers of a test share. */
export interface World {
  readonly log: Map<string, LogDocument>;
  readonly anchors: Map<string, string>;
  /** In the order of the feed; a number of the feed is its token. */
  readonly events: unknown[];
  readonly alarms: Map<string, AuditEventInput>;
  readonly tenants: Set<string>;
  now: number;
  ports(step?: Step): SealPorts;
  record(tenantId: string, name: string, more?: object): StoredEvent;
  sealedIds(tenantId: string): string[];
}

interface StoredEvent extends Record<string, unknown> {
  readonly id: string;
  readonly pk: string;
}

const keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
});
const spki = keys.publicKey.export({ type: 'spki', format: 'der' });

const macOf = (tenantId: string, hash: Uint8Array): string =>
  createHash('sha256').update(tenantId).update(hash).digest('base64');

export function createWorld(now = '2026-03-05T09:00:00.000Z'): World {
  const log = new Map<string, LogDocument>();
  const anchors = new Map<string, string>();
  const events: unknown[] = [];
  const alarms = new Map<string, AuditEventInput>();
  const tenants = new Set(['a', 'b', 'c']);
  const copy = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

  const ofKind = <K extends LogDocument['kind']>(kind: K, pk?: string): Extract<LogDocument, { kind: K }>[] =>
    [...log.values()]
      .filter((each): each is Extract<LogDocument, { kind: K }> => each.kind === kind)
      .filter((each) => pk === undefined || each.pk === pk)
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .map(copy);

  const createIn = <T>(map: Map<string, T>, key: string, value: T): 'created' | 'exists' => {
    if (map.has(key)) return 'exists';
    map.set(key, value);
    return 'created';
  };

  const ports = (step: Step = plainStep): SealPorts => ({
    log: {
      create: (document) =>
        step('log.create', () => createIn(log, `${document.pk}/${document.id}`, copy(document))),
      read: (pk, id) => step('log.read', () => copy(log.get(`${pk}/${id}`))),
      newestCheckpoint: (pk) => step('log.newestCheckpoint', () => ofKind('checkpoint', pk).at(-1)),
      newestSegment: (pk) => step('log.newestSegment', () => ofKind('segment', pk).at(-1)),
      segmentsFrom: (pk, from) =>
        step('log.segmentsFrom', () => ofKind('segment', pk).filter((each) => each.firstIndex >= from)),
      segmentsOfBatch: (pk, batch) =>
        step('log.segmentsOfBatch', () => ofKind('segment', pk).filter((each) => each.batch === batch)),
      segmentAt: (pk, index) =>
        step('log.segmentAt', () =>
          ofKind('segment', pk)
            .filter((each) => each.firstIndex <= index)
            .at(-1),
        ),
      tilesNaming: (pk, id) =>
        step('log.tilesNaming', () =>
          ofKind('tile', pk)
            .filter(({ ids }) => ids?.includes(id))
            .sort((one, other) => other.width - one.width),
        ),
      newestBatch: () => step('log.newestBatch', () => ofKind('cursor').at(-1)),
      batchesOf: (tenantId, n) =>
        step('log.batchesOf', () =>
          ofKind('cursor').filter((each) => each.n >= n && each.tenants.some(({ id }) => id === tenantId)),
        ),
      newestSeal: () =>
        step('log.newestSeal', () =>
          ofKind('checkpoint')
            .map(({ sealedAt }) => sealedAt)
            .sort()
            .at(-1),
        ),
    },
    anchors: {
      publish: (name, note) => step('anchors.publish', () => createIn(anchors, anchorPath(name), note)),
      read: (name) => step('anchors.read', () => anchors.get(anchorPath(name))),
      newestFrom: ({ tenantId, year, seq }) =>
        step('anchors.newestFrom', () =>
          [...anchors.keys()]
            .filter((path) => path.startsWith(`${tenantId}/${year}/`))
            .map((path) => Number(path.split('/')[2]))
            .sort((one, other) => one - other)
            .findLast((each) => each >= seq),
        ),
      tenants: () =>
        step('anchors.tenants', () => [
          ...new Set([...anchors.keys()].map((path) => path.split('/')[0] ?? '')),
        ]),
      years: (tenantId) =>
        step('anchors.years', () => [
          ...new Set(
            [...anchors.keys()]
              .filter((path) => path.startsWith(`${tenantId}/`))
              .map((path) => path.split('/')[1] ?? ''),
          ),
        ]),
    },
    feed: {
      read: (token, limit) =>
        step('feed.read', () => {
          const from = Number(token ?? 0);
          const documents = events.slice(from, from + limit);
          return { documents: copy(documents), token: String(from + documents.length) };
        }),
    },
    signer: {
      keyName: 'test-seal',
      sign: (text) =>
        step('signer.sign', () => ({
          signature: createSign('sha256').update(text).sign(keys.privateKey),
          publicKey: spki,
        })),
      publicKeys: () => step('signer.publicKeys', () => [spki]),
    },
    verifyMac: (tenantId, mac, hash) => macOf(tenantId, hash) === mac.val,
    audit: {
      record: (event) =>
        step('audit.record', () => {
          const id = eventId(event.tenantId, event.source, event.sourceKey);
          const before = alarms.get(id);
          // A second statement under one id would be a conflict.
          if (before) expect(event).toEqual(before);
          alarms.set(id, event);
          return { id, leafHash: '', state: 'persisted', duplicate: !!before, sealedBy: '' };
        }),
    },
    defaultTenant: 'a',
    isTenant: (id) => tenants.has(id),
    clock: { now: () => world.now, sleep: (ms) => step('clock.sleep', () => void (world.now += ms)) },
  });

  const world: World = {
    log,
    anchors,
    events,
    alarms,
    tenants,
    now: Date.parse(now),
    ports,
    record(tenantId, name, more = {}) {
      const event = storedEvent(tenantId, name, new Date(world.now).toISOString(), more);
      events.push(event);
      return event;
    },
    sealedIds: (tenantId) =>
      ofKind('segment')
        .filter(({ pk }) => pk.startsWith(`${tenantId}|`))
        .flatMap(({ leaves }) => leaves.map(({ id }) => id)),
  };
  return world;
}

export function storedEvent(tenantId: string, name: string, at: string, more: object = {}): StoredEvent {
  const id = eventId(tenantId, 'test', name);
  const hashed = {
    ...{ v: 1, id, tenantId, occurredAt: at, receivedAt: at, source: 'test' },
    sourceMac: { kid: `${tenantId}/mac`, val: 'x' },
    ...more,
  };
  const hash = leafHash(Buffer.from(canonicalJson(hashed)));
  return {
    ...hashed,
    pk: partitionKey(tenantId, String(hashed.occurredAt), id),
    leafHash: hash.toString('hex'),
    mac: { kid: `${tenantId}/mac`, val: macOf(tenantId, hash) },
    _ts: 1,
  };
}

export const publicKey = spki;
