import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../src/lib/audit/canonical';
import { dayOf, partitionKey } from '../../../src/lib/audit/identity';
import { leafHash, logOrigin, packHashes, unpackHashes } from '../../../src/lib/audit/merkle';
import { checkpointId, logPartition, segmentId, type Leaf } from '../../../src/lib/audit/seal/documents';
import type { Check, Verdict, Verification } from '../../../src/lib/audit/verify';
import { buildLog, localSigner, signedNote, type Round, type Signer } from './log-builder';
import { copyOf, type Container, type Doc, type TrailFile } from './trail-file';

/** A sealed trail of three tenants, `north` and `south` with several hundred events, and its files. */
export interface AttackedTrail {
  readonly file: TrailFile;
  readonly year: string;
  /** The sealer's own key, for the attacks of one who has it. */
  readonly signer: Signer;
  /** The database's and the published copies' state of long ago, for the attack of one who can set back both. */
  rollBackAll(): Promise<void>;
}

/** A finding as text: `tenant check verdict id`. */
type Expected = readonly string[];

interface Attack {
  readonly name: string;
  /** Not the state that the clean trail left: another public key... */
  readonly trustedKeys?: () => readonly Uint8Array[];
  /** Does the damage, and says what must be found: nothing else may be, unless `andMore`. */
  tamper(trail: AttackedTrail): Promise<Expected> | Expected;
  readonly andMore?: true;
}

export function foundIn(verifications: readonly Verification[]): string[] {
  return verifications
    .flatMap(({ tenantId, findings }) =>
      findings.flatMap(({ check, verdict, ids }) => ids.map((id) => found(tenantId, check, verdict, id))),
    )
    .sort();
}

const [A, B] = ['north', 'south'];
const found = (tenant: string, check: Check, verdict: Verdict, id: string): string =>
  `${tenant} ${check} ${verdict} ${id}`;
const events = (verdict: Verdict, ...ids: string[]): string[] =>
  ids.map((id) => found(A, 'events', verdict, id));

class Files {
  constructor(readonly trail: AttackedTrail) {}

  get file(): TrailFile {
    return this.trail.file;
  }

  /** In the order of the tree. */
  events(tenant = A): Doc[] {
    const byId = new Map(
      this.file.documents('events').flatMap((doc) => (doc['tenantId'] === tenant ? [[doc.id, doc]] : [])),
    );
    return this.leaves(tenant).flatMap(({ id }) => byId.get(id) ?? []);
  }

  event(n: number, tenant = A): Doc {
    return pick(this.events(tenant), n);
  }

  log(kind: string, tenant = A): Doc[] {
    const pk = logPartition(tenant, this.trail.year);
    return this.file
      .documents('log')
      .filter((doc) => doc.pk === pk && doc['kind'] === kind)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  leaves(tenant = A): Leaf[] {
    return this.log('segment', tenant).flatMap((segment) => segment['leaves'] as Leaf[]);
  }

  checkpoint(n: number): Doc {
    return pick(this.log('checkpoint'), n);
  }

  /** A tile that matches, by its id. */
  tile(pattern: RegExp): Doc {
    const tile = this.log('tile').filter(({ id }) => pattern.test(id));
    return pick(tile, -1);
  }

  name(doc: Doc): string {
    return `${this.trail.year}/${doc.id}`;
  }

  change(container: Container, doc: Doc, edit: (copy: Doc) => void): Doc {
    const copy = copyOf(doc);
    edit(copy);
    this.file.remove(container, doc);
    this.file.put(container, copy);
    return copy;
  }

  remove(container: Container, ...docs: Doc[]): void {
    for (const doc of docs) this.file.remove(container, doc);
  }
}

function pick<T>(items: readonly T[], n: number): T {
  const item = items.at(n);
  if (item === undefined) throw new Error('The trail is too small for this attack');
  return item;
}

/** The leaf hash as anybody can make it. */
function hashOf(doc: Doc): string {
  const hashed = Object.entries(doc).filter(
    ([name]) => !name.startsWith('_') && !['leafHash', 'mac', 'pk'].includes(name),
  );
  return leafHash(Buffer.from(canonicalJson(Object.fromEntries(hashed)))).toString('hex');
}

function inPlace(doc: Doc): Doc {
  doc.pk = partitionKey(String(doc['tenantId']), String(doc['occurredAt']), doc.id);
  return doc;
}

const EVENT_BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** An id in the form of ours. */
const strangerId = (text: string): string =>
  [...createHash('sha256').update(text).digest().subarray(0, 31)]
    .map((byte) => EVENT_BASE32[byte % 32])
    .join('') + 'a';

/** A new event made from one that is there: the second half of what an intruder writes. */
function stranger(model: Doc, text: string, edit: (copy: Doc) => void = () => undefined): Doc {
  const copy = copyOf(model);
  copy.id = strangerId(text);
  copy['outcome'] = '12';
  edit(copy);
  inPlace(copy);
  copy['leafHash'] = hashOf(copy);
  return copy;
}

type Path = readonly (string | number)[];

/** Where a document holds a value: every member and item that is no object and no array. */
function leafPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, member]) =>
    leafPaths(member, [...path, Array.isArray(value) ? Number(name) : name]),
  );
}

/** Where it holds an object or an array. */
function branchPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return [
    path,
    ...Object.entries(value).flatMap(([name, member]) =>
      branchPaths(member, [...path, Array.isArray(value) ? Number(name) : name]),
    ),
  ];
}

/** What a document holds there. */
const valueAt = (doc: Doc, path: Path): unknown =>
  path.reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], doc);
const parentOf = (doc: Doc, path: Path): Record<string | number, unknown> =>
  valueAt(doc, path.slice(0, -1)) as Record<string | number, unknown>;

function changed(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  const text = String(value);
  return `${text.startsWith('a') ? 'b' : 'a'}${text.slice(1)}`;
}

const isSystem = ([first]: Path): boolean => typeof first === 'string' && first.startsWith('_');
const ownPaths = (doc: Doc): Path[] => leafPaths(doc).filter((path) => !isSystem(path));

/** Members that say where a document is: their attacks move it, and have their own lines. */
const isAddress = ([first]: Path): boolean => first === 'id' || first === 'pk' || first === 'tenantId';

/**
 * One event per path of the fullest event, so that one check covers all paths: event n is a copy in form of the same
 * producer, and only its n-th path is touched.
 */
function eachPath(
  files: Files,
  paths: (doc: Doc) => Path[],
  touch: (doc: Doc, path: Path) => void,
): string[] {
  const all = files.events();
  const used = new Set<string>();
  const [model] = [...all].sort((a, b) => leafPaths(b).length - leafPaths(a).length);
  return paths(model ?? pick(all, 0)).map((path) => {
    const key = JSON.stringify(path);
    const doc = all.find(
      (each) => !used.has(each.id) && paths(each).some((own) => JSON.stringify(own) === key),
    );
    if (!doc) throw new Error(`No event is left for ${key}`);
    used.add(doc.id);
    files.change('events', doc, (copy) => touch(copy, path));
    return doc.id;
  });
}

function resealed(files: Files, drop: number, tenant = A): Round[] {
  const leaves = files.leaves(tenant);
  const kept = leaves.filter((_, i) => i !== drop);
  const sizes = files.log('checkpoint', tenant).map((doc) => Number(doc['size']));
  const times = files.log('checkpoint', tenant).map((doc) => String(doc['sealedAt']));
  return sizes.map((size, i) => ({
    leaves: kept.slice(Math.min(sizes[i - 1] ?? 0, kept.length), Math.min(size, kept.length)),
    at: times[i] ?? '',
  }));
}

/** The whole log anew, without one of its events, signed by this key. */
async function reseal(
  files: Files,
  signer: Signer,
  publish: boolean,
): Promise<{ dropped: Doc; count: number }> {
  const drop = 5;
  const dropped = files.event(drop);
  const rounds = resealed(files, drop);
  const { documents, notes } = await buildLog(A, files.trail.year, rounds, signer);
  for (const kind of ['segment', 'tile', 'checkpoint']) files.remove('log', ...files.log(kind));
  for (const doc of documents) files.file.put('log', doc);
  files.remove('events', dropped);
  if (publish)
    for (const [i, note] of notes.entries())
      await files.file.setNote(A, { year: files.trail.year, seq: i + 1 }, note);
  return { dropped, count: notes.length };
}

const attack = (
  name: string,
  tamper: (files: Files) => Promise<Expected> | Expected,
  options: Partial<Attack> = {},
): Attack => ({ name, tamper: (trail) => tamper(new Files(trail)), ...options });

const HEX = (text: string): string => createHash('sha256').update(text).digest('hex');

export const attacks: readonly Attack[] = [
  // Content of events
  attack('every value of an event, each in another event', (files) =>
    eachPath(
      files,
      (doc) => ownPaths(doc).filter((path) => !isAddress(path) && path[0] !== 'mac'),
      (doc, path) => (parentOf(doc, path)[path.at(-1) ?? ''] = changed(valueAt(doc, path))),
    ).map((id) => found(A, 'events', 'modified', id)),
  ),
  attack('every member of an event is taken away, each in another event', (files) =>
    eachPath(
      files,
      (doc) => ownPaths(doc).filter((path) => !isAddress(path) && path[0] !== 'mac'),
      (doc, path) => {
        const parent = parentOf(doc, path);
        if (Array.isArray(parent)) parent.pop();
        else delete parent[path.at(-1) ?? ''];
      },
    ).map((id) => found(A, 'events', 'modified', id)),
  ),
  attack('an unknown member in every object and list of an event, each in another event', (files) =>
    eachPath(
      files,
      (doc) => branchPaths(doc).filter(([first]) => first !== 'mac'),
      (doc, path) => {
        const at = valueAt(doc, path);
        if (Array.isArray(at)) at.push('added');
        else (at as Record<string, unknown>)['added'] = 1;
      },
    ).map((id) => found(A, 'events', 'modified', id)),
  ),
  attack('an unknown member that looks like one of the database', (files) => {
    const { id } = files.change('events', files.event(3), (doc) => (doc['_note'] = 'x'));
    return events('modified', id);
  }),
  attack('a fraction where no fraction can be', (files) => {
    const { id } = files.change('events', files.event(4), (doc) => (doc['ext'] = { n: 0.5 }));
    return events('modified', id);
  }),
  attack('content edited, hashes left', (files) => {
    const { id } = files.change('events', files.event(6), (doc) => (doc['outcome'] = '8'));
    return events('modified', id);
  }),
  attack('content edited, leaf hash made anew', (files) => {
    const { id } = files.change('events', files.event(6), (doc) => {
      doc['outcome'] = '8';
      doc['leafHash'] = hashOf(doc);
    });
    return events('modified', id);
  }),
  attack('content edited, and leaf hash, segment and tiles made to fit', (files) => {
    const leaves = files.leaves();
    const at = 7;
    const doc = files.change('events', files.event(at), (copy) => {
      copy['outcome'] = '8';
      copy['leafHash'] = hashOf(copy);
    });
    const segment = pick(files.log('segment'), 0);
    files.change('log', segment, (copy) => setLeaf(copy, at, { ...pick(leaves, at), hash: hashOf(doc) }));
    for (const tile of files.log('tile').filter((each) => each['level'] === 0 && each['index'] === 0)) {
      if (Number(tile['width']) > at) files.change('log', tile, (copy) => setHash(copy, at, hashOf(doc)));
    }
    const first = files.checkpoint(0);
    return [
      ...events('forged', doc.id),
      found(A, 'segments', 'modified', files.name(segment)),
      found(A, 'checkpoints', 'unprovable', files.name(first)),
    ];
  }),
  attack('a tenant name edited', (files) => {
    const { id } = files.change('events', files.event(8), (doc) => (doc['tenantId'] = B));
    // In the partition of the one, with the name of the other.
    return [...events('modified', id), found(B, 'events', 'misplaced', id)];
  }),
  attack('an id edited', (files) => {
    const event = files.event(9);
    const { id } = files.change('events', event, (doc) => {
      doc.id = strangerId('renamed');
      inPlace(doc);
    });
    return [...events('missing', event.id), ...events('modified', id)];
  }),
  attack('the ids of two events exchanged', (files) => {
    const [one, other] = [files.event(10), files.event(30)];
    files.remove('events', one, other);
    files.file.put('events', inPlace({ ...copyOf(one), id: other.id }));
    files.file.put('events', inPlace({ ...copyOf(other), id: one.id }));
    return events('modified', one.id, other.id);
  }),
  attack('two events exchange their times', (files) => {
    const [one, other] = [files.event(11), files.event(31)];
    files.change('events', one, (doc) => inPlace(Object.assign(doc, { occurredAt: other['occurredAt'] })));
    files.change('events', other, (doc) => inPlace(Object.assign(doc, { occurredAt: one['occurredAt'] })));
    return events('modified', one.id, other.id);
  }),

  // MACs and keys
  attack('the value of a MAC', (files) => {
    const { id } = files.change('events', files.event(12), (doc) => {
      doc['mac'] = { ...(doc['mac'] as object), val: (files.event(13)['mac'] as { val: string }).val };
    });
    return events('forged', id);
  }),
  attack('another spelling of a MAC', (files) => {
    const { id } = files.change('events', files.event(12), (doc) => {
      const mac = doc['mac'] as { kid: string; val: string };
      doc['mac'] = { ...mac, val: mac.val.replace('=', '\n=') };
    });
    return events('forged', id);
  }),
  attack('a member added to a MAC', (files) => {
    const { id } = files.change('events', files.event(12), (doc) => {
      doc['mac'] = { ...(doc['mac'] as object), added: 1 };
    });
    return events('forged', id);
  }),
  attack('the key that a MAC names', (files) => {
    const { id } = files.change('events', files.event(13), (doc) => {
      doc['mac'] = { ...(doc['mac'] as object), kid: `${A}/mac-190001` };
    });
    return events('key-unknown', id);
  }),
  attack("another tenant's key named by a MAC", (files) => {
    const { id } = files.change('events', files.event(13), (doc) => {
      const mac = doc['mac'] as { kid: string; val: string };
      doc['mac'] = { ...mac, kid: mac.kid.replace(A, B) };
    });
    return events('key-unknown', id);
  }),
  attack('a MAC taken away', (files) => {
    const { id } = files.change('events', files.event(14), (doc) => delete doc['mac']);
    return events('forged', id);
  }),
  attack("the MAC key replaced by another tenant's", (files) => {
    const keys = files.file.documents('keys').filter(({ id }) => id.startsWith('mac-'));
    const [own, other] = [A, B].map((tenant) =>
      pick(
        keys.filter(({ pk }) => pk === tenant),
        0,
      ),
    );
    if (!own || !other) throw new Error('No keys');
    files.change('keys', own, (doc) => (doc['wrapped'] = other['wrapped']));
    return [found(A, 'keys', 'key-replaced', `${A}/${own.id}`)];
  }),
  attack('the MAC key damaged', (files) => {
    const own = pick(keysOf(files, 'mac-'), 0);
    files.change('keys', own, (doc) => {
      const wrapped = Buffer.from(String(doc['wrapped']), 'base64');
      wrapped[10] = (wrapped[10] ?? 0) ^ 1;
      doc['wrapped'] = wrapped.toString('base64');
    });
    return [found(A, 'keys', 'key-replaced', `${A}/${own.id}`)];
  }),
  attack('the MAC key taken away', (files) => {
    const own = pick(keysOf(files, 'mac-'), 0);
    files.remove('keys', own);
    return [found(A, 'keys', 'key-unknown', `${A}/${own.id}`)];
  }),
  attack(
    'checked with the public key of somebody else',
    (files) => {
      const names = files.log('checkpoint').map((doc) => files.name(doc));
      return names.map((name) => found(A, 'checkpoints', 'key-unknown', name));
    },
    { trustedKeys: () => [localSigner().spki], andMore: true },
  ),

  // Deleted
  ...(
    [
      ['the first event', (all) => [pick(all, 0)]],
      ['an event in the middle', (all) => [pick(all, Math.floor(all.length / 2))]],
      ['the last event', (all) => [pick(all, -1)]],
      ['a range of events', (all) => all.slice(20, 45)],
      ['the newest tenth of the events', (all) => all.slice(Math.floor(all.length * 0.9))],
      ['every event', (all) => all],
    ] satisfies [string, (all: Doc[]) => Doc[]][]
  ).map(([what, which]) =>
    attack(`deleted: ${what}`, (files) => {
      const gone = which(files.events());
      files.remove('events', ...gone);
      return events('missing', ...gone.map(({ id }) => id));
    }),
  ),

  // Inserted
  attack('inserted: a new event with the hash of another', (files) => {
    const model = files.event(15);
    const doc = stranger(model, 'inserted');
    doc['leafHash'] = model['leafHash'];
    files.file.put('events', doc);
    return events('modified', doc.id);
  }),
  attack('inserted: a new event with its right hash and the MAC of another', (files) => {
    const doc = stranger(files.event(15), 'inserted');
    files.file.put('events', doc);
    return events('forged', doc.id);
  }),
  attack('inserted: a new event with an invented MAC', (files) => {
    const doc = stranger(files.event(15), 'inserted');
    doc['mac'] = { ...(doc['mac'] as object), val: createHash('sha256').update('mac').digest('base64') };
    files.file.put('events', doc);
    return events('forged', doc.id);
  }),
  attack('inserted: an event as if recorded this second', (files) => {
    const doc = stranger(files.event(15), 'inserted', (copy) => {
      copy['receivedAt'] = new Date().toISOString();
      copy['_ts'] = Math.floor(Date.now() / 1000);
    });
    files.file.put('events', doc);
    return events('forged', doc.id);
  }),
  attack('inserted: a backdated event', (files) => {
    const doc = stranger(files.event(15), 'inserted', (copy) => {
      for (const name of ['occurredAt', 'receivedAt']) copy[name] = '2024-02-29T10:00:00.000Z';
      copy['mac'] = { ...(copy['mac'] as object), kid: `${A}/mac-202402` };
    });
    files.file.put('events', doc);
    return events('key-unknown', doc.id);
  }),
  attack('inserted: an event with a leaf in a segment of its own', (files) => {
    const doc = stranger(files.event(15), 'inserted');
    files.file.put('events', doc);
    const last = pick(files.log('segment'), -1);
    const firstIndex = files.leaves().length;
    const leaf = { id: doc.id, day: dayOf(String(doc['occurredAt'])), hash: hashOf(doc) };
    const segment = { ...copyOf(last), id: segmentId(firstIndex), firstIndex, leaves: [leaf] };
    files.file.put('log', segment);
    return [...events('forged', doc.id), found(A, 'segments', 'unsigned', files.name(segment))];
  }),
  attack('doubled: an event under another id', (files) => {
    const doc = inPlace({ ...copyOf(files.event(16)), id: strangerId('double') });
    files.file.put('events', doc);
    return events('modified', doc.id);
  }),
  attack('doubled: an event in another partition', (files) => {
    const event = files.event(17);
    files.file.put('events', { ...copyOf(event), pk: otherShard(event.pk) });
    return [...events('misplaced', event.id), ...events('duplicate', event.id)];
  }),
  attack('doubled: an event on another day', (files) => {
    const event = files.event(17);
    files.file.put('events', inPlace({ ...copyOf(event), occurredAt: '2025-01-01T00:00:00.000Z' }));
    return events('duplicate', event.id);
  }),

  // Moved
  attack('moved: an event to another partition of its day', (files) => {
    const { id } = files.change('events', files.event(18), (doc) => (doc.pk = otherShard(doc.pk)));
    return events('misplaced', id);
  }),
  attack("moved: an event to another tenant's partition", (files) => {
    const { id } = files.change('events', files.event(18), (doc) => (doc.pk = doc.pk.replace(A, B)));
    return [...events('misplaced', id), found(B, 'events', 'misplaced', id)];
  }),
  attack('moved: an event to another tenant, name and all', (files) => {
    const { id } = files.change('events', files.event(18), (doc) =>
      inPlace(Object.assign(doc, { tenantId: B })),
    );
    return [...events('missing', id), found(B, 'events', 'modified', id)];
  }),

  // Sealed fields
  attack('ciphertexts exchanged between two fields of an event', (files) => {
    const event = pick(
      files.events().filter((doc) => Object.keys((doc['phi'] as object | undefined) ?? {}).length > 1),
      0,
    );
    const { id } = files.change('events', event, (doc) => {
      const phi = doc['phi'] as Record<string, unknown>;
      const [one = '', other = ''] = Object.keys(phi);
      [phi[one], phi[other]] = [phi[other], phi[one]];
    });
    return events('modified', id);
  }),
  attack('ciphertexts exchanged between two events', (files) => {
    const [one, other] = [pick(withPhi(files), 0), pick(withPhi(files), 1)];
    files.change('events', one, (doc) => (doc['phi'] = other['phi']));
    files.change('events', other, (doc) => (doc['phi'] = one['phi']));
    return events('modified', one.id, other.id);
  }),
  attack('ciphertexts exchanged between two tenants', (files) => {
    const [one, other] = [pick(withPhi(files), 0), pick(withPhi(files, B), 0)];
    files.change('events', one, (doc) => (doc['phi'] = other['phi']));
    files.change('events', other, (doc) => (doc['phi'] = one['phi']));
    return [...events('modified', one.id), found(B, 'events', 'modified', other.id)];
  }),
  attack('a sealed field replaced by other bytes', (files) => {
    const { id } = files.change('events', pick(withPhi(files), 2), (doc) => {
      const phi = doc['phi'] as Record<string, Record<string, string>>;
      for (const sealed of Object.values(phi)) sealed['ct'] = Buffer.from('other').toString('base64');
    });
    return events('modified', id);
  }),

  // Segments
  attack('segment: the hash of a leaf', (files) => {
    const doc = files.change('log', pick(files.log('segment'), 0), (copy) =>
      setLeaf(copy, 2, { ...leafOf(copy, 2), hash: HEX('x') }),
    );
    return [found(A, 'segments', 'modified', files.name(doc))];
  }),
  attack('segment: the id of a leaf', (files) => {
    const doc = files.change('log', pick(files.log('segment'), 0), (copy) =>
      setLeaf(copy, 2, { ...leafOf(copy, 2), id: strangerId('leaf') }),
    );
    return [found(A, 'segments', 'modified', files.name(doc))];
  }),
  attack('segment: the day of a leaf', (files) => {
    const doc = files.change('log', pick(files.log('segment'), 0), (copy) =>
      setLeaf(copy, 2, { ...leafOf(copy, 2), day: '19000101' }),
    );
    return [found(A, 'segments', 'modified', files.name(doc))];
  }),
  attack('segment: two leaves exchanged', (files) => {
    const doc = files.change('log', pick(files.log('segment'), 0), (copy) => {
      const [one, other] = [leafOf(copy, 2), leafOf(copy, 4)];
      setLeaf(copy, 2, other);
      setLeaf(copy, 4, one);
    });
    return [found(A, 'segments', 'modified', files.name(doc))];
  }),
  attack('segment: the ids of two leaves exchanged, and in the tiles as well', (files) => {
    const segment = pick(files.log('segment'), 0);
    const [one, other] = [leafOf(segment, 2), leafOf(segment, 4)];
    files.change('log', segment, (copy) => {
      setLeaf(copy, 2, { ...one, id: other.id });
      setLeaf(copy, 4, { ...other, id: one.id });
    });
    for (const tile of files
      .log('tile')
      .filter((each) => (each['ids'] as string[] | undefined)?.includes(one.id)))
      files.change('log', tile, (copy) => {
        const ids = copy['ids'] as string[];
        if (ids.length > 4) [ids[2], ids[4]] = [other.id, one.id];
      });
    return [found(A, 'segments', 'modified', files.name(segment))];
  }),
  attack('segment: a leaf and its event taken away', (files) => {
    const segment = pick(files.log('segment'), 0);
    const gone = pick(files.events(), leavesOf(segment).length - 1);
    files.change('log', segment, (copy) => leavesOf(copy).pop());
    files.remove('events', gone);
    const next = segmentId(leavesOf(segment).length - 1);
    return [...events('missing', gone.id), found(A, 'segments', 'missing', `${files.trail.year}/${next}`)];
  }),
  attack('segment: an unknown member', (files) => {
    const doc = files.change('log', pick(files.log('segment'), 1), (copy) => (copy['added'] = 1));
    return [found(A, 'segments', 'modified', files.name(doc))];
  }),
  attack('segment: a second one over the same leaves', (files) => {
    const first = pick(files.log('segment'), 0);
    const doc = { ...copyOf(first), id: segmentId(1), firstIndex: 1, leaves: leavesOf(first).slice(1, 2) };
    files.file.put('log', doc);
    return [found(A, 'segments', 'extra', files.name(doc))];
  }),
  ...(['first', 'last'] as const).map((which) =>
    attack(`segment: the ${which} one deleted`, (files) => {
      const doc = pick(files.log('segment'), which === 'first' ? 0 : -1);
      files.remove('log', doc);
      return [found(A, 'segments', 'missing', files.name(doc))];
    }),
  ),
  attack('every segment deleted', (files) => {
    files.remove('log', ...files.log('segment'));
    return [found(A, 'segments', 'missing', `${files.trail.year}/${segmentId(0)}`)];
  }),

  // Tiles
  attack('tile: a hash of a full one', (files) => {
    const doc = files.change('log', files.tile(/^tile-0-\d+$/), (copy) => setHash(copy, 7, HEX('x')));
    return [found(A, 'tiles', 'modified', files.name(doc))];
  }),
  attack('tile: a hash of a partial one', (files) => {
    const doc = files.change('log', files.tile(/^tile-0-\d+\.p/), (copy) => setHash(copy, 0, HEX('x')));
    return [found(A, 'tiles', 'modified', files.name(doc))];
  }),
  attack('tile: a hash of a higher level', (files) => {
    const doc = files.change('log', files.tile(/^tile-1-/), (copy) => setHash(copy, 0, HEX('x')));
    return [found(A, 'tiles', 'modified', files.name(doc))];
  }),
  attack('tile: an id', (files) => {
    const doc = files.change('log', files.tile(/^tile-0-\d+$/), (copy) => {
      (copy['ids'] as string[])[9] = strangerId('tile');
    });
    return [found(A, 'tiles', 'modified', files.name(doc))];
  }),
  attack('tile: an unknown member', (files) => {
    const doc = files.change('log', files.tile(/^tile-0-\d+$/), (copy) => (copy['added'] = 1));
    return [found(A, 'tiles', 'modified', files.name(doc))];
  }),
  attack('tile: a full one deleted', (files) => {
    const doc = files.tile(/^tile-0-\d+$/);
    files.remove('log', doc);
    return [found(A, 'tiles', 'missing', files.name(doc))];
  }),
  attack('tile: the newest partial one deleted', (files) => {
    const doc = files.tile(/^tile-0-\d+\.p/);
    files.remove('log', doc);
    return [found(A, 'tiles', 'missing', files.name(doc))];
  }),
  attack('tile: one of leaves that are not', (files) => {
    const doc = copyOf(files.tile(/^tile-0-\d+$/));
    Object.assign(doc, { index: 4000, id: 'tile-0-000000004000', _ts: 1 });
    files.file.put('log', doc);
    return [found(A, 'tiles', 'extra', files.name(doc))];
  }),

  // Checkpoints
  ...(
    [
      ['its size', (doc) => (doc['size'] = Number(doc['size']) + 1), 'modified'],
      ['its root', (doc) => (doc['root'] = HEX('x')), 'modified'],
      ['its frontier', (doc) => ((doc['frontier'] as string[])[0] = HEX('x')), 'modified'],
      ['its previous hash', (doc) => (doc['previous'] = HEX('x')), 'modified'],
      ['its time', (doc) => (doc['sealedAt'] = '2026-01-01T00:00:00.000Z'), 'modified'],
      ['its number', (doc) => (doc['seq'] = Number(doc['seq']) + 1), 'modified'],
      ['an unknown member', (doc) => (doc['added'] = 1), 'modified'],
      ['the size in its note', (doc) => (doc['note'] = line(doc['note'], 1, '7')), 'forged'],
      [
        'the root in its note',
        (doc) => (doc['note'] = line(doc['note'], 2, Buffer.from(HEX('x'), 'hex').toString('base64'))),
        'forged',
      ],
      [
        'the time in its note',
        (doc) => (doc['note'] = line(doc['note'], 4, 'time 2026-01-01T00:00:00.000Z')),
        'forged',
      ],
      ['the signature of its note', (doc) => (doc['note'] = otherSignature(doc['note'])), 'forged'],
      [
        'its note without a signature',
        (doc) => (doc['note'] = String(doc['note']).split('\n\n')[0]),
        'modified',
      ],
    ] satisfies [string, (doc: Doc) => unknown, Verdict][]
  ).map(([what, edit, verdict]) =>
    attack(`checkpoint: ${what}`, (files) => {
      const doc = files.checkpoint(2);
      files.change('log', doc, (copy) => void edit(copy));
      return [found(A, 'checkpoints', verdict, files.name(doc))];
    }),
  ),
  ...[1, 2, 3].map((count) =>
    attack(`checkpoint: ${count} in a row deleted`, (files) => {
      const gone = files.log('checkpoint').slice(2, 2 + count);
      files.remove('log', ...gone);
      return gone.map((doc) => found(A, 'checkpoints', 'missing', files.name(doc)));
    }),
  ),
  attack('checkpoint: two in a row deleted, with their published copies', async (files) => {
    const gone = files.log('checkpoint').slice(2, 4);
    files.remove('log', ...gone);
    for (const doc of gone)
      await files.file.setNote(A, { year: files.trail.year, seq: Number(doc['seq']) }, undefined);
    return gone.flatMap((doc) => [
      found(A, 'checkpoints', 'missing', files.name(doc)),
      found(A, 'anchors', 'missing', `${files.trail.year}/${doc.id.slice(3)}`),
    ]);
  }),
  attack('checkpoint: the first deleted', (files) => {
    const doc = files.checkpoint(0);
    files.remove('log', doc);
    return [found(A, 'checkpoints', 'missing', files.name(doc))];
  }),
  attack('checkpoint: the newest deleted', (files) => {
    const doc = files.checkpoint(-1);
    files.remove('log', doc);
    return [found(A, 'checkpoints', 'rolled-back', files.name(doc))];
  }),
  attack(
    'checkpoint: the newest deleted, with its published copy',
    async (files) => {
      const doc = files.checkpoint(-1);
      files.remove('log', doc);
      await files.file.setNote(A, { year: files.trail.year, seq: Number(doc['seq']) }, undefined);
      return [found(A, 'last-state', 'rolled-back', `${files.trail.year}/${Number(doc['seq'])}`)];
    },
    { andMore: true },
  ),
  attack(
    'checkpoint: a fork of the same number and size, rightly signed',
    async (files) => {
      const doc = files.checkpoint(3);
      const note = await fork(files, doc, Number(doc['seq']));
      files.change('log', doc, (copy) => Object.assign(copy, { note, root: HEX('fork') }));
      return [found(A, 'checkpoints', 'forked', files.name(doc))];
    },
    { andMore: true },
  ),
  attack('checkpoint: a fork beside the right one', async (files) => {
    const doc = files.checkpoint(3);
    const note = await fork(files, doc, Number(doc['seq']));
    const second = { ...copyOf(doc), id: `${doc.id}b`, note, root: HEX('fork') };
    files.file.put('log', second);
    return [found(A, 'checkpoints', 'extra', files.name(second))];
  }),
  attack('checkpoint: another root for the same size, rightly signed and published', async (files) => {
    const last = files.checkpoint(-1);
    const seq = Number(last['seq']) + 1;
    const previous = HEX(String(last['note']));
    const note = await fork(files, last, seq, previous);
    const doc = { ...copyOf(last), id: checkpointId(seq), seq, note, root: HEX('fork'), previous };
    files.file.put('log', doc);
    await files.file.setNote(A, { year: files.trail.year, seq }, note);
    // Nobody can have leaves for that root: its frontier is wrong, too.
    return ['forked', 'modified'].map((verdict) =>
      found(A, 'checkpoints', verdict as Verdict, files.name(doc)),
    );
  }),

  // Published copies
  attack('published copy: deleted', async (files) => {
    await files.file.setNote(A, { year: files.trail.year, seq: 3 }, undefined);
    return [found(A, 'anchors', 'missing', `${files.trail.year}/${anchor(3)}`)];
  }),
  attack('published copy: edited', async (files) => {
    const note = await files.file.note(A, { year: files.trail.year, seq: 3 });
    await files.file.setNote(A, { year: files.trail.year, seq: 3 }, line(note, 1, '7'));
    return [found(A, 'anchors', 'forged', `${files.trail.year}/${anchor(3)}`)];
  }),
  attack('published copy: replaced by another', async (files) => {
    const note = await files.file.note(A, { year: files.trail.year, seq: 2 });
    await files.file.setNote(A, { year: files.trail.year, seq: 3 }, note);
    return [found(A, 'anchors', 'modified', `${files.trail.year}/${anchor(3)}`)];
  }),
  attack("published copy: replaced by another tenant's", async (files) => {
    const note = await files.file.note(B, { year: files.trail.year, seq: 3 });
    await files.file.setNote(A, { year: files.trail.year, seq: 3 }, note);
    return [found(A, 'anchors', 'modified', `${files.trail.year}/${anchor(3)}`)];
  }),

  // The whole of it
  attack(
    'the database set back',
    (files) => {
      const before = files.log('checkpoint');
      files.file.rollBack();
      const left = new Set(files.log('checkpoint').map(({ id }) => id));
      return before
        .filter(({ id }) => !left.has(id))
        .map((doc) => found(A, 'checkpoints', 'rolled-back', files.name(doc)));
    },
    { andMore: true },
  ),
  attack(
    'the database and the published copies set back',
    async (files) => {
      const last = files.checkpoint(-1);
      await files.trail.rollBackAll();
      return [found(A, 'last-state', 'rolled-back', `${files.trail.year}/${Number(last['seq'])}`)];
    },
    { andMore: true },
  ),
  attack(
    'an event taken out and everything sealed anew with another key',
    async (files) => {
      const { count } = await reseal(files, localSigner(), false);
      return numbers(count).map((seq) =>
        found(A, 'checkpoints', 'key-unknown', `${files.trail.year}/${checkpointId(seq)}`),
      );
    },
    { andMore: true },
  ),
  attack(
    'an event taken out and everything sealed anew with another key, published copies too',
    async (files) => {
      const { count } = await reseal(files, localSigner(), true);
      return numbers(count).flatMap((seq) => [
        found(A, 'checkpoints', 'key-unknown', `${files.trail.year}/${checkpointId(seq)}`),
        found(A, 'anchors', 'key-unknown', `${files.trail.year}/${anchor(seq)}`),
      ]);
    },
    { andMore: true },
  ),
  attack(
    'an event taken out and everything sealed anew with the right key',
    async (files) => {
      const { count } = await reseal(files, files.trail.signer, false);
      return numbers(count).map((seq) =>
        found(A, 'checkpoints', 'forked', `${files.trail.year}/${checkpointId(seq)}`),
      );
    },
    { andMore: true },
  ),
  attack(
    'an event taken out and everything sealed anew with the right key, published copies too',
    async (files) => {
      const { count } = await reseal(files, files.trail.signer, true);
      return [found(A, 'last-state', 'forked', `${files.trail.year}/${count}`)];
    },
  ),
  attack(
    'an event taken out and everything sealed anew without a key',
    async (files) => {
      const notes = files.log('checkpoint').map((doc) => String(doc['note']));
      const { count } = await reseal(files, localSigner(), false);
      // The numbers of the new tree under the signatures of the old one.
      for (const doc of files.log('checkpoint'))
        files.change('log', doc, (copy) => {
          const [text] = String(copy['note']).split('\n\n');
          const [, signature] = (notes[Number(copy['seq']) - 1] ?? '').split('\n\n');
          copy['note'] = `${text}\n\n${signature}`;
        });
      return numbers(count).map((seq) =>
        found(A, 'checkpoints', 'forged', `${files.trail.year}/${checkpointId(seq)}`),
      );
    },
    { andMore: true },
  ),
  attack(
    'the whole log of a tenant deleted',
    (files) => {
      const gone = files.log('checkpoint');
      for (const kind of ['segment', 'tile', 'checkpoint']) files.remove('log', ...files.log(kind));
      return gone.map((doc) => found(A, 'checkpoints', 'rolled-back', files.name(doc)));
    },
    { andMore: true },
  ),
];

const anchor = (seq: number): string => String(seq).padStart(12, '0');
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const leavesOf = (segment: Doc): Leaf[] => segment['leaves'] as Leaf[];
const leafOf = (segment: Doc, n: number): Leaf => pick(leavesOf(segment), n);
const setLeaf = (segment: Doc, n: number, leaf: Leaf): void => void (leavesOf(segment)[n] = leaf);
const withPhi = (files: Files, tenant = A): Doc[] =>
  files.events(tenant).filter((doc) => doc['phi'] !== undefined);
const keysOf = (files: Files, prefix: string): Doc[] =>
  files.file.documents('keys').filter(({ id, pk }) => pk === A && id.startsWith(prefix));
const otherShard = (pk: string): string => `${pk.slice(0, -1)}${(Number(pk.at(-1)) + 1) % 8}`;

function setHash(tile: Doc, n: number, hash: string): void {
  const hashes = unpackHashes(String(tile['hashes']));
  hashes[n] = Buffer.from(hash, 'hex');
  tile['hashes'] = packHashes(hashes);
}

function line(note: unknown, n: number, text: string): string {
  const lines = String(note).split('\n');
  lines[n] = text;
  return lines.join('\n');
}

function otherSignature(note: unknown): string {
  return String(note).replace(/^(— \S+ )(\S+)$/m, (_, start: string, packed: string) => {
    const bytes = Buffer.from(packed, 'base64');
    const at = bytes.length - 3;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return start + bytes.toString('base64');
  });
}

/** A statement about the same tree that is not true, signed by the sealer's key. */
function fork(files: Files, doc: Doc, seq: number, previous = String(doc['previous'])): Promise<string> {
  return signedNote(files.trail.signer, {
    origin: logOrigin(A, files.trail.year),
    size: Number(doc['size']),
    root: HEX('fork'),
    seq,
    time: String(doc['sealedAt']),
    previous,
  });
}
