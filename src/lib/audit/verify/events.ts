import { subjectKeyOf, type Ready } from '../../security';
import { MedrelayError } from '../../errors';
import { canonicalJson } from '../canonical';
import { dayOf, partitionKey } from '../identity';
import { leafHash } from '../merkle';
import type { Findings } from './findings';
import { idOf, isRecord, isSystemMember, writtenAt } from './log-documents';
import type { LeafIndex } from './leaf-index';
import type { Pages, Shredded, TrailKeys } from './types';

export interface EventChecks {
  readonly tenantId: string;
  readonly leaves: LeafIndex;
  readonly verifyMac: TrailKeys['verifyMac'];
  readonly shredded: TrailKeys['shredded'];
  /** What was written so lately may still be waiting for the sealer. */
  readonly isRecent: (instant: number) => boolean;
  /** What was written at this instant was written after the newest checkpoint. */
  readonly isAfterSealing: (instant: number) => boolean;
  readonly progress: (hashed: number) => void;
}

export interface EventCounts {
  readonly eventsHashed: number;
  readonly pending: number;
  readonly shredded: Shredded | undefined;
}

type MacVerdict = 'right' | 'forged' | 'key-unknown' | 'key-replaced';

/** Not hashed: the first two are checked against the hash, the third follows from the content. */
const UNHASHED = new Set(['leafHash', 'mac', 'pk']);
/** 32 bytes in base64, spelled in the only canonical way. */
const MAC_VALUE = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** Hashes every event anew and asks the tree about it; nothing that the event says about itself is believed. */
export async function checkEvents(
  pages: Pages,
  { tenantId, leaves, verifyMac, shredded, isRecent, isAfterSealing, progress }: EventChecks,
  findings: Findings,
): Promise<EventCounts> {
  let [eventsHashed, pending] = [0, 0];
  const macs = createMacs(verifyMac, findings);
  const unreadable = new Map<string, number>();

  for await (const page of pages) {
    for (const candidate of page) {
      eventsHashed += 1;
      const hash = isRecord(candidate) && hashOf(candidate);
      if (!hash) {
        const at = leaves.byId(idOf(candidate));
        if (at === undefined) findings.add('events', 'modified', idOf(candidate));
        else leaves.sawOther(at);
        continue;
      }
      // Nobody was shredded at most places: nothing has to be looked through then.
      const fields = shredded?.size ? shreddedFields(candidate, shredded) : 0;
      if (fields > 0) unreadable.set(idOf(candidate), fields);
      const waiting = macs.check(candidate, hash, (mac) => judge(candidate, hash, mac));
      if (waiting instanceof Promise) await waiting;
    }
    progress(eventsHashed);
  }
  macs.conclude();
  leaves.conclude(findings);
  return {
    eventsHashed,
    pending,
    shredded: shredded && {
      persons: shredded.size,
      fields: [...unreadable.values()].reduce((sum, fields) => sum + fields, 0),
      events: [...unreadable.keys()],
    },
  };

  function judge(document: Readonly<Record<string, unknown>>, hash: Buffer, mac: MacVerdict): void {
    const id = idOf(document);
    const at = leaves.find(id, hash);
    if (at === undefined) judgeUnsealed(document, hash, mac);
    // A MAC vouches for the event where no signed root vouches for what the log says of it.
    else if (leaves.hash(at).equals(hash) || (mac === 'right' && !leaves.isProven(at))) {
      if (document['leafHash'] !== hash.toString('hex')) findings.add('events', 'modified', id);
      if (!isInPlace(document)) findings.add('events', 'misplaced', id);
      macs.note(document, mac);
      leaves.sawSealed(at, id, dayOf(String(document['occurredAt'])));
    } else leaves.sawOther(at);
  }

  function judgeUnsealed(document: Readonly<Record<string, unknown>>, hash: Buffer, mac: MacVerdict): void {
    const id = idOf(document);
    if (document['tenantId'] !== tenantId || !isInPlace(document)) findings.add('events', 'misplaced', id);
    else if (document['leafHash'] !== hash.toString('hex')) findings.add('events', 'modified', id);
    else if (mac !== 'right') macs.note(document, mac);
    else if (isRecent(latestOf(document))) pending += 1;
    else if (leaves.hasHoles) findings.add('events', 'unprovable', id);
    else findings.add('events', isAfterSealing(latestOf(document)) ? 'unsealed' : 'extra', id);
  }
}

/** By the names of their keys: nothing is opened. */
function shreddedFields(value: unknown, shredded: ReadonlySet<string>): number {
  if (typeof value !== 'object' || value === null) return 0;
  const kid = (value as Readonly<Record<string, unknown>>)['kid'];
  if (typeof kid === 'string') return shredded.has(subjectKeyOf(kid) ?? '') ? 1 : 0;
  return Object.values(value).reduce((sum: number, each) => sum + shreddedFields(each, shredded), 0);
}

/** Undefined for what has no canonical form, or a member that only looks like one of Cosmos DB. */
function hashOf(document: Readonly<Record<string, unknown>>): Buffer | undefined {
  const hashed: Record<string, unknown> = {};
  for (const name of Object.keys(document)) {
    if (name.startsWith('_') && isSystemMember(name)) continue;
    if (name.startsWith('_')) return undefined;
    if (!UNHASHED.has(name)) hashed[name] = document[name];
  }
  try {
    return leafHash(Buffer.from(canonicalJson(hashed), 'utf8'));
  } catch (error) {
    if (error instanceof MedrelayError) return undefined;
    throw error;
  }
}

function isInPlace({ id, pk, tenantId, occurredAt }: Readonly<Record<string, unknown>>): boolean {
  if (typeof id !== 'string' || typeof tenantId !== 'string' || typeof occurredAt !== 'string') return false;
  return pk === partitionKey(tenantId, occurredAt, id);
}

/** An event that waited in the queue is written long after it was received: the database's own time counts as well. */
function latestOf(document: Readonly<Record<string, unknown>>): number {
  const received = Date.parse(String(document['receivedAt']));
  return Math.max(Number.isNaN(received) ? 0 : received, writtenAt(document));
}

/**
 * By key: where not one MAC of the key that the event's month demands is right, although the contents are what was
 * sealed, it is the key that is not the one of then.
 */
function createMacs(verifyMac: TrailKeys['verifyMac'], findings: Findings) {
  const keys = new Map<string, { right: number; wrong: Map<string, Exclude<MacVerdict, 'right'>> }>();

  return {
    /** Calls `then` at once where the key is at hand. */
    check(
      document: Readonly<Record<string, unknown>>,
      hash: Buffer,
      then: (verdict: MacVerdict) => void,
    ): Ready<void> {
      const mac = document['mac'];
      if (!isMac(mac)) return then('forged');
      let ready: Ready<boolean>;
      try {
        ready = verifyMac(mac, hash);
      } catch (error) {
        return then(keyProblem(error));
      }
      if (!(ready instanceof Promise)) return then(ready ? 'right' : 'forged');
      return ready.then((isRight): MacVerdict => (isRight ? 'right' : 'forged'), keyProblem).then(then);
    },
    note(document: Readonly<Record<string, unknown>>, verdict: MacVerdict): void {
      const { mac, tenantId, occurredAt } = document;
      const kid = isMac(mac) ? mac.kid : '';
      const isDemanded = kid === `${String(tenantId)}/mac-${String(occurredAt).slice(0, 7).replace('-', '')}`;
      if (!isDemanded && verdict !== 'right') {
        findings.add('events', verdict === 'key-unknown' ? verdict : 'forged', idOf(document));
        return;
      }
      const key = keys.get(kid) ?? { right: 0, wrong: new Map() };
      keys.set(kid, key);
      if (verdict === 'right') key.right += 1;
      else key.wrong.set(idOf(document), verdict);
    },
    conclude(): void {
      for (const [kid, { right, wrong }] of keys) {
        const [first] = wrong.values();
        if (right === 0 && wrong.size > 1)
          findings.add('keys', first === 'key-unknown' ? 'key-unknown' : 'key-replaced', kid);
        else
          for (const [id, verdict] of wrong)
            findings.add('events', verdict === 'key-unknown' ? verdict : 'forged', id);
      }
    },
  };
}

function isMac(mac: unknown): mac is { kid: string; val: string } {
  if (!isRecord(mac) || Object.keys(mac).length !== 2) return false;
  const { kid, val } = mac;
  return typeof kid === 'string' && typeof val === 'string' && MAC_VALUE.test(val);
}

/** The trail's fault, unless the key store or the vault is away: then there is nothing to conclude. */
function keyProblem(error: unknown): MacVerdict {
  const code = error instanceof MedrelayError ? error.code : undefined;
  if (code === 'KEY_UNKNOWN' || code === 'KEY_KEEPER_MISSING' || code === 'TENANT_INVALID')
    return 'key-unknown';
  if (code === 'KEY_UNWRAP_FAILED') return 'key-replaced';
  if (code === 'DECRYPT_FAILED') return 'forged';
  throw error;
}
