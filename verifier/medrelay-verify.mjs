#!/usr/bin/env node
/**
 * Checks an evidence bundle of Medrelay's audit trail, offline.
 *
 *     node medrelay-verify.mjs bundle.zip --key SHA256:<fingerprint> [--key ...] [--checkpoint <file> ...]
 *
 * One file for Node.js 20 or newer that uses nothing but Node's own modules and shares no code with the product: it may be
 * read, copied and kept. Exit code 0: everything holds; 1: something does not; 2: the command could not be carried out.
 *
 * What it relies on: SHA-256 and ECDSA of node:crypto, RFC 6962 section 2.1 (Merkle tree hash), C2SP signed-note and
 * tlog-checkpoint (https://c2sp.org), and the key fingerprints of the command line. Nothing in the bundle is believed that
 * does not follow from these.
 */
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const USAGE = `Usage: node medrelay-verify.mjs <bundle.zip> --key SHA256:<fingerprint> [--key SHA256:<fingerprint> ...]
                                [--checkpoint <file> ...]

The fingerprint is that of the key which signs the audit log: 64 hexadecimal digits, the SHA-256 of the public key (SPKI,
DER). Ask the keeper of the log for it on another way than the bundle came.

A checkpoint is a signed note of the log that you kept from earlier, or got on another way: the published file, or a
.tlog-proof. The bundle must hold it, or be of the same history: so it is seen when the log's end was cut off, or its
history replaced, by somebody who can sign.`;

// ---------------------------------------------------------------- findings

/** What is wrong, such as `MODIFIED events`, and the ids concerned. @type {Map<string, string[]>} */
const findings = new Map();

/** @param {string} verdict @param {string} what @param {string} id */
function find(verdict, what, id) {
  const name = `${verdict.toUpperCase()} ${what}`;
  const ids = findings.get(name) ?? [];
  findings.set(name, ids);
  ids.push(id);
}

/** Thrown where nothing that follows could be judged. */
class Unreadable extends Error {}

// ---------------------------------------------------------------- zip (PKWARE APPNOTE 4.3; no encryption, no zip64)

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
/** CRC and sizes behind a file that was written before they were known, with their signature. */
const DESCRIPTOR_BYTES = 16;
const STORED = 0;
const DEFLATED = 8;

/**
 * Only one reading of a zip is accepted: its files one after another, the directory, the end, and nothing else. Programs
 * differ in what they make of anything else, and the auditor must see with his the files that were checked here.
 * @param {Buffer} zip @returns {Map<string, Buffer>}
 */
function readZip(zip) {
  const end = zip.length - 22;
  if (end < 0 || zip.readUInt32LE(end) !== END_OF_DIRECTORY)
    throw new Unreadable('it is not a whole zip file');
  const count = zip.readUInt16LE(end + 10);
  /** @type {Map<string, Buffer>} */
  const files = new Map();
  const directory = zip.readUInt32LE(end + 16);
  let [at, next] = [directory, 0];
  for (let n = 0; n < count; n += 1) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== DIRECTORY_ENTRY)
      throw new Unreadable('its directory is damaged');
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    if (files.has(name)) throw new Unreadable(`it holds the file ${shown(name)} twice`);
    const file = unpack(zip, at, name);
    if (file.begin !== next) throw new Unreadable('it holds bytes that belong to no file');
    files.set(name, file.content);
    next = file.end;
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  if (next !== directory || at !== end) throw new Unreadable('it holds bytes that belong to no file');
  return files;
}

/** @param {Buffer} zip @param {number} entry where its directory entry is @param {string} name */
function unpack(zip, entry, name) {
  const hasDescriptor = (zip.readUInt16LE(entry + 8) & 8) !== 0;
  const method = zip.readUInt16LE(entry + 10);
  const packed = zip.readUInt32LE(entry + 20);
  const size = zip.readUInt32LE(entry + 24);
  const begin = zip.readUInt32LE(entry + 42);
  const nameEnd = begin + 30 + zip.readUInt16LE(entry + 28);
  if (nameEnd > zip.length || zip.readUInt32LE(begin) !== LOCAL_HEADER)
    throw new Unreadable(`the file ${shown(name)} in it is damaged`);
  const start = begin + 30 + zip.readUInt16LE(begin + 26) + zip.readUInt16LE(begin + 28);
  const isSame = zip.readUInt16LE(begin + 8) === method && zip.toString('utf8', begin + 30, nameEnd) === name;
  const bytes = zip.subarray(start, start + packed);
  try {
    const content =
      method === STORED
        ? bytes
        : method === DEFLATED && inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) });
    if (isSame && content && content.length === size)
      return { begin, content, end: start + packed + (hasDescriptor ? DESCRIPTOR_BYTES : 0) };
  } catch {
    // Said below.
  }
  throw new Unreadable(`the file ${shown(name)} in it cannot be unpacked`);
}

// ---------------------------------------------------------------- Merkle tree (RFC 6962 section 2.1)

/** @param {...Uint8Array} parts */
function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const ZERO = Buffer.of(0);
const ONE = Buffer.of(1);
/** @param {Uint8Array} content */
const leafHash = (content) => sha256(ZERO, content);
/** @param {Uint8Array} left @param {Uint8Array} right */
const nodeHash = (left, right) => sha256(ONE, left, right);

/** A tree that grows; of what is complete, only the roots are kept: of its perfect subtrees, from the left. */
class Tree {
  /** @param {number} size @param {Buffer[]} roots */
  constructor(size, roots) {
    this.size = size;
    this.roots = roots;
  }

  /** @param {Buffer} leaf */
  append(leaf) {
    let hash = leaf;
    for (let full = this.size; full % 2 === 1; full = (full - 1) / 2) {
      const left = this.roots.pop();
      if (left) hash = nodeHash(left, hash);
    }
    this.roots.push(hash);
    this.size += 1;
  }

  /** hex */
  root() {
    if (this.roots.length === 0) return sha256().toString('hex');
    return this.roots.reduceRight((right, left) => nodeHash(left, right)).toString('hex');
  }
}

/** How many perfect subtrees a tree has: the ones in its size. @param {number} size */
const subtrees = (size) => size.toString(2).replaceAll('0', '').length;

// ---------------------------------------------------------------- signed notes and checkpoints (C2SP)

/**
 * @typedef {{ id: string, fingerprint: string, publicKey: import('node:crypto').KeyObject }} Key
 * @typedef {{ origin: string, size: number, root: string, seq: number, time: string, previous: string }} Checkpoint
 */

/** @param {string} note @returns {{ text: string, signatures: { keyId: string, signature: Buffer }[] } | undefined} */
function parseNote(note) {
  const end = note.lastIndexOf('\n\n');
  if (end < 1 || !note.endsWith('\n')) return undefined;
  const signatures = [];
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [, packed] = /^\u2014 [^\s+]+ ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    const bytes = Buffer.from(packed ?? '', 'base64');
    if (bytes.length < 5 || bytes.toString('base64') !== packed) return undefined;
    signatures.push({ keyId: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) });
  }
  return { text: note.slice(0, end + 1), signatures };
}

/** @param {string} text @returns {Checkpoint | undefined} */
function parseCheckpoint(text) {
  const lines = text.split('\n');
  if (lines.length !== 7 || lines[6] !== '') return undefined;
  const [origin = '', size = '', root = '', seqLine = '', timeLine = '', previousLine = ''] = lines;
  const seq = /^seq ([1-9]\d{0,15})$/.exec(seqLine)?.[1];
  const time = /^time (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/.exec(timeLine)?.[1];
  const previous = /^previous (-|[0-9a-f]{64})$/.exec(previousLine)?.[1];
  const rootBytes = Buffer.from(root, 'base64');
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || rootBytes.length !== 32 || rootBytes.toString('base64') !== root)
    return undefined;
  if (seq === undefined || time === undefined || previous === undefined) return undefined;
  return { origin, size: Number(size), root: rootBytes.toString('hex'), seq: Number(seq), time, previous };
}

/**
 * A wrong signature that claims a trusted key spoils a note; those of other keys count for nothing.
 * @param {{ text: string, signatures: { keyId: string, signature: Buffer }[] }} note
 * @param {Key[]} keys
 * @returns {'signed' | 'forged' | 'key-unknown'}
 */
function judge({ text, signatures }, keys) {
  let verdict = /** @type {'signed' | 'forged' | 'key-unknown'} */ ('key-unknown');
  for (const { keyId, signature } of signatures) {
    const candidates = keys.filter(({ id }) => id === keyId);
    if (candidates.length === 0) continue;
    const isRight = candidates.some(({ publicKey }) =>
      verifySignature('sha256', Buffer.from(text, 'utf8'), publicKey, signature),
    );
    if (!isRight) return 'forged';
    verdict = 'signed';
  }
  return verdict;
}

// ---------------------------------------------------------------- what the files hold

/** @param {string} text @returns {any} */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lines one by one: a file may be larger than a text can be. @param {Buffer | undefined} file */
function* linesOf(file) {
  if (!file) return;
  for (let at = 0; at < file.length;) {
    const end = file.indexOf(0x0a, at);
    yield file.subarray(at, end < 0 ? file.length : end);
    at = end < 0 ? file.length : end + 1;
  }
}

const HASH = /^[0-9a-f]{64}$/;
/** @param {unknown} value @returns {value is number} */
const isCount = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
/** @param {unknown} value @returns {value is string} */
const isMidnight = (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT00:00:00\.000Z$/.test(value);

/** @param {Map<string, Buffer>} files */
function readManifest(files) {
  const manifest = parseJson((files.get('manifest.json') ?? ZERO).toString('utf8'));
  const isWhole =
    manifest?.v === 1 &&
    manifest.kind === 'medrelay-audit-evidence' &&
    typeof manifest.tenantId === 'string' &&
    isMidnight(manifest.from) &&
    isMidnight(manifest.to) &&
    manifest.from < manifest.to &&
    Array.isArray(manifest.years) &&
    manifest.years.length > 0 &&
    manifest.years.every((/** @type {unknown} */ year) => typeof year === 'string' && /^\d{4}$/.test(year)) &&
    Array.isArray(manifest.files) &&
    Array.isArray(manifest.unsealed);
  if (!isWhole) throw new Unreadable('its manifest.json is missing or damaged');
  return manifest;
}

/** @param {Map<string, Buffer>} files @param {any} manifest */
function checkFiles(files, manifest) {
  const listed = new Set(['manifest.json']);
  for (const entry of manifest.files) {
    const name = String(entry?.name);
    listed.add(name);
    const file = files.get(name);
    if (!file) find('missing', 'files', name);
    else if (sha256(file).toString('hex') !== entry?.sha256) find('modified', 'files', name);
  }
  for (const name of files.keys()) if (!listed.has(name)) find('extra', 'files', name);
}

/** The keys of the bundle that the command line vouches for. @param {Map<string, Buffer>} files @param {Set<string>} trusted */
function readKeys(files, trusted) {
  /** @type {Key[]} */
  const keys = [];
  const listed = parseJson((files.get('keys.json') ?? ZERO).toString('utf8'));
  for (const entry of Array.isArray(listed) ? listed : []) {
    const spki = Buffer.from(String(entry?.spki), 'base64');
    const digest = sha256(spki).toString('hex');
    if (!trusted.has(digest)) continue;
    keys.push({
      id: digest.slice(0, 8),
      fingerprint: `SHA256:${digest}`,
      publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
    });
  }
  for (const digest of trusted)
    if (!keys.some(({ id }) => id === digest.slice(0, 8))) find('not-in-bundle', 'keys', `SHA256:${digest}`);
  return keys;
}

/**
 * The checkpoints of one year that are signed by a trusted key and continue one another. `previous` is what the first one
 * has to say of the note before it: its hash, `-` for none, undefined for anything.
 * @param {Buffer | undefined} file
 * @param {{ tenantId: string, year: string, firstSeq: number, previous: string | undefined, keys: Key[] }} expected
 */
function readCheckpoints(file, { tenantId, year, firstSeq, previous, keys }) {
  /** @type {Checkpoint[]} */
  const checkpoints = [];
  /** By number, hex. @type {Map<number, string>} */
  const noteHashes = new Map();
  let expectedSeq = firstSeq;
  /** Undefined where the note before is not known: then this one is not held against it. */
  let before = previous;
  if (!file) find('missing', 'checkpoints', `${year}/${firstSeq}`);
  for (const line of linesOf(file)) {
    const { seq, note: text } = parseJson(line.toString('utf8')) ?? {};
    const name = `${year}/${seq}`;
    const note = typeof text === 'string' ? parseNote(text) : undefined;
    const body = note && parseCheckpoint(note.text);
    if (!isCount(seq) || !note || !body) {
      find('malformed', 'checkpoints', name);
      before = undefined;
      continue;
    }
    for (; expectedSeq < seq; expectedSeq += 1) {
      find('missing', 'checkpoints', `${year}/${expectedSeq}`);
      before = undefined;
    }
    const last = checkpoints.at(-1);
    const isNext = seq === expectedSeq && (before === undefined || body.previous === before);
    const goesOn = last === undefined || (body.size >= last.size && body.time >= last.time);
    const verdict = judge(note, keys);
    if (verdict !== 'signed') find(verdict, 'checkpoints', name);
    else if (body.origin !== `medrelay.audit/${tenantId}/${year}` || body.seq !== seq)
      find('foreign', 'checkpoints', name);
    else if (!isNext || !goesOn) find('chain-broken', 'checkpoints', name);
    else checkpoints.push(body);
    expectedSeq = seq + 1;
    before = sha256(Buffer.from(text, 'utf8')).toString('hex');
    if (verdict === 'signed') noteHashes.set(seq, before);
  }
  // Without one nothing is signed, not even that there is nothing.
  if (file && expectedSeq === firstSeq) find('missing', 'checkpoints', `${year}/${firstSeq}`);
  return { checkpoints, noteHashes, lastHash: before };
}

/**
 * Grows the tree leaf by leaf and compares it with each signed root, until something is wrong: from there on nothing is
 * proven. Every leaf goes into `leaves`, by the id of its event.
 * @param {Buffer | undefined} file
 * @param {{ year: string, tree: Tree | undefined, begin: number, checkpoints: Checkpoint[], leaves: Map<string, Leaf>,
 *     kept: Kept[] }} log `tree` as it was at leaf `begin`; undefined where that is not known
 * @typedef {{ hash: string, day: string, isProven: boolean }} Leaf
 */
function growTree(file, { year, tree, begin, checkpoints, leaves, kept }) {
  const ahead = checkpoints.filter(({ size }) => size >= begin);
  let proven = begin;
  /** @type {Leaf[]} */
  let fresh = [];
  const compare = () => {
    for (const each of kept.filter(({ size }) => size === tree?.size))
      each.verdict = each.root === tree?.root() ? 'consistent' : 'forked';
    while (tree && ahead[0]?.size === tree.size) {
      const { seq, root } = /** @type {Checkpoint} */ (ahead.shift());
      if (root === tree.root()) {
        for (const leaf of fresh) leaf.isProven = true;
        [fresh, proven] = [[], tree.size];
      } else {
        if (tree.size === proven) find('forked', 'checkpoints', `${year}/${seq}`);
        else find('modified', 'leaves', `${year}/${proven}..${tree.size - 1}`);
        tree = undefined;
      }
    }
  };
  compare();
  let next = begin;
  for (const line of linesOf(file)) {
    const { index, id, day, hash } = parseJson(line.toString('utf8')) ?? {};
    const isLeaf =
      typeof id === 'string' && typeof day === 'string' && typeof hash === 'string' && HASH.test(hash);
    if (!isCount(index) || !isLeaf || index < next) {
      find(isLeaf ? 'extra' : 'malformed', 'leaves', `${year}/${isLeaf ? index : next}`);
      tree = undefined;
      continue;
    }
    if (index > next) {
      find('missing', 'leaves', `${year}/${next}..${index - 1}`);
      tree = undefined;
    }
    next = index + 1;
    const leaf = { hash, day, isProven: false };
    if (leaves.has(id)) find('duplicate', 'leaves', id);
    else leaves.set(id, leaf);
    fresh.push(leaf);
    tree?.append(Buffer.from(hash, 'hex'));
    compare();
  }
  const last = checkpoints.at(-1)?.size ?? 0;
  if (next < last) find('missing', 'leaves', `${year}/${next}..${last - 1}`);
  if (next > last) find('unsigned', 'leaves', `${year}/${last}..${next - 1}`);
}

/**
 * Each event is the one that its leaf is of, and each leaf of the range has its event.
 * @param {Map<string, Buffer>} files
 * @param {any} manifest
 * @param {Map<string, Leaf>} leaves
 */
function checkEvents(files, { tenantId, from, to }, leaves) {
  const first = from.slice(0, 10).replaceAll('-', '');
  const end = to.slice(0, 10).replaceAll('-', '');
  /** @type {Set<string>} */
  const seen = new Set();
  for (const [name, file] of files) {
    if (!name.startsWith('events/')) continue;
    let n = 0;
    for (const line of linesOf(file)) {
      n += 1;
      const event = parseJson(line.toString('utf8'));
      const id = typeof event?.id === 'string' ? event.id : `${name}:${n}`;
      const leaf = leaves.get(id);
      if (seen.has(id)) find('duplicate', 'events', id);
      seen.add(id);
      if (!leaf) find('extra', 'events', id);
      else if (leafHash(line).toString('hex') !== leaf.hash) find('modified', 'events', id);
      else if (event.tenantId !== tenantId) find('foreign', 'events', id);
      else if (
        String(event.occurredAt).slice(0, 10).replaceAll('-', '') !== leaf.day ||
        name !== `events/${leaf.day}.ndjson`
      )
        find('misplaced', 'events', id);
      else if (!leaf.isProven) find('unproven', 'events', id);
    }
  }
  let outside = 0;
  for (const [id, { day }] of leaves) {
    const isInside = day >= first && day < end;
    if (!isInside) outside += 1;
    else if (!seen.has(id)) find('missing', 'events', id);
  }
  return { events: seen.size, outside };
}

/**
 * @typedef {{ name: string, year: string, seq: number, size: number, root: string, hash: string,
 *     verdict?: 'contained' | 'consistent' | 'forked' | 'truncated' | 'not-covered' | 'unproven' }} Kept
 */

/**
 * The checkpoints of the command line that are signed statements about this tenant's log.
 * @param {string[]} notes @param {string} tenantId @param {Key[]} keys @returns {Kept[]}
 */
function readKept(notes, tenantId, keys) {
  return notes.flatMap((text) => {
    const note = parseNote(text);
    const body = note && parseCheckpoint(note.text);
    const [, year] = /^medrelay\.audit\/.+\/(\d{4})$/.exec(body?.origin ?? '') ?? [];
    const verdict = note && body ? judge(note, keys) : 'malformed';
    const isOurs = year !== undefined && body?.origin === `medrelay.audit/${tenantId}/${year}`;
    if (verdict === 'signed' && body && isOurs) {
      const { seq, size, root } = body;
      return [
        { name: `${year}/${seq}`, year, seq, size, root, hash: sha256(Buffer.from(text)).toString('hex') },
      ];
    }
    find(verdict === 'signed' ? 'foreign' : verdict, 'kept', body ? `${body.origin} ${body.seq}` : 'a file');
    return [];
  });
}

/** What is not known of a kept checkpoint after its year was looked at. @param {Kept[]} kept */
function judgeKept(kept) {
  for (const { name, verdict = 'unproven' } of kept) {
    if (verdict === 'contained') say(`the kept checkpoint ${name} is in the bundle`);
    else if (verdict === 'consistent')
      say(`the kept checkpoint ${name} is of the same history as the bundle`);
    else find(verdict, 'kept', name);
  }
}

/** @param {Buffer} zip @param {Set<string>} trusted hex digests of keys @param {string[]} notes that were kept */
function checkBundle(zip, trusted, notes) {
  const files = readZip(zip);
  const manifest = readManifest(files);
  const { tenantId, from, to, base } = manifest;
  say(`tenant ${shown(tenantId)}, events from ${from} up to ${to}`);
  checkFiles(files, manifest);
  const keys = readKeys(files, trusted);
  const kept = readKept(notes, tenantId, keys);
  for (const each of kept)
    if (!manifest.years.includes(each.year))
      each.verdict = each.year > manifest.years.at(-1) ? 'truncated' : 'not-covered';
  /** @type {Map<string, Leaf>} */
  const leaves = new Map();
  /** @type {string | undefined} */
  let previous;
  let newest = '';
  for (const [n, year] of manifest.years.entries()) {
    const hasBase = n === 0 && base !== undefined && base !== null;
    const firstSeq = hasBase && isCount(base.seq) ? base.seq : 1;
    // The very first note names none before it; that of a base is not in the bundle.
    const before = n === 0 ? (hasBase ? undefined : '-') : previous;
    const expected = { tenantId, year, firstSeq, previous: before, keys };
    const { checkpoints, noteHashes, lastHash } = readCheckpoints(
      files.get(`checkpoints/${year}.ndjson`),
      expected,
    );
    previous = lastHash;
    const tree = hasBase ? treeOfBase(base, year, from, checkpoints[0]) : new Tree(0, []);
    const begin = hasBase && isCount(base.size) ? base.size : 0;
    const [first, last] = [checkpoints[0], checkpoints.at(-1)];
    const open = kept.filter((each) => each.year === year);
    for (const each of open) {
      const hash = noteHashes.get(each.seq);
      if (hash !== undefined) each.verdict = hash === each.hash ? 'contained' : 'forked';
      // The log of the next year begins with the last note of this one.
      else if (last && each.seq > last.seq && n + 1 < manifest.years.length) each.verdict = 'forked';
      else if (each.size < begin) each.verdict = 'not-covered';
      else if (each.size > (last?.size ?? 0)) each.verdict = 'truncated';
    }
    const undecided = open.filter(({ verdict }) => verdict === undefined);
    growTree(files.get(`leaves/${year}.ndjson`), { year, tree, begin, checkpoints, leaves, kept: undecided });
    if (!first || !last) continue;
    say(
      `log ${year}: checkpoints ${first.seq} to ${last.seq}; the last one has ${last.size} leaves, root ${last.root}`,
    );
    newest = last.time;
  }
  judgeKept(kept);
  if (newest <= from) find('not-covered', 'range', `${from}..${to}`);
  const { events, outside } = checkEvents(files, manifest, leaves);
  say(
    `${leaves.size} leaves, ${events} events; ${outside} leaves are, as the log says, of events of other days`,
  );
  if (manifest.unsealed.length > 0)
    say(`not sealed when the bundle was made, so not in it: ${manifest.unsealed.map(shown).join(', ')}`);
  if (newest) say(`what was recorded after ${newest} is not covered by this bundle`);
}

/**
 * The tree at the checkpoint with which the bundle begins. That one was signed before the range began, so nothing of the
 * range can be sealed in what the bundle leaves out.
 * @param {any} base @param {string} year @param {string} from @param {Checkpoint | undefined} first
 */
function treeOfBase({ year: baseYear, seq, size, frontier }, year, from, first) {
  const name = `${year}/${seq}`;
  const isOne = first !== undefined && baseYear === year && first.seq === seq && first.size === size;
  if (!isOne || first.time > from) find('not-covered', 'range', name);
  if (!isOne) return undefined;
  const roots = Array.isArray(frontier) ? frontier.map((hash) => Buffer.from(String(hash), 'hex')) : [];
  const isWhole = roots.length === subtrees(size) && roots.every(({ length }) => length === 32);
  const tree = new Tree(size, roots);
  if (isWhole && tree.root() === first.root) return tree;
  find('modified', 'base', name);
  return undefined;
}

// ---------------------------------------------------------------- command line

/** Names come from the bundle: nothing of them may steer a terminal. @param {unknown} text */
const shown = (text) =>
  String(text)
    .slice(0, 200)
    .replace(/[^\x20-\x7e]/g, '?');
/** @param {string} text */
const say = (text) => console.log(text);
const MOST_NAMED = 20;

/** @param {string[]} args */
function main(args) {
  /** @type {Set<string>} */
  const trusted = new Set();
  /** @type {string[]} */
  const paths = [];
  /** @type {string[]} */
  const kept = [];
  for (let n = 0; n < args.length; n += 1) {
    if (args[n] === '--checkpoint') {
      n += 1;
      kept.push(args[n] ?? '');
      continue;
    }
    if (args[n] !== '--key') {
      paths.push(args[n]);
      continue;
    }
    n += 1;
    const digest = /^SHA256:([0-9a-f]{64})$/i.exec(args[n] ?? '')?.[1];
    if (digest === undefined) return usage('--key takes SHA256: and 64 hexadecimal digits.');
    trusted.add(digest.toLowerCase());
  }
  const [path, ...more] = paths;
  if (path === '--help') {
    say(USAGE);
    return 0;
  }
  if (path === undefined || more.length > 0 || path.startsWith('-')) return usage('Name one bundle.');
  if (trusted.size === 0) return usage('Name the key that you trust.');
  /** @type {Buffer[]} */
  const contents = [];
  for (const file of [path, ...kept]) {
    try {
      contents.push(readFileSync(file));
    } catch (error) {
      console.error(`medrelay-verify: ${file} cannot be read (${/** @type {any} */ (error).code}).`);
      return 2;
    }
  }
  const [zip, ...notes] = /** @type {[Buffer, ...Buffer[]]} */ (contents);
  try {
    checkBundle(zip, trusted, notes.map(noteIn));
  } catch (error) {
    if (!(error instanceof Unreadable) && !(error instanceof RangeError)) throw error;
    find('unreadable', 'bundle', error instanceof Unreadable ? error.message : 'it is damaged');
  }
  for (const [name, ids] of findings) {
    const rest = ids.length > MOST_NAMED ? `, and ${ids.length - MOST_NAMED} more` : '';
    say(`${name}: ${ids.slice(0, MOST_NAMED).map(shown).join(', ')}${rest}`);
  }
  if (findings.has('KEY-UNKNOWN checkpoints'))
    say(
      'signed by a key that you did not name: compare the fingerprint that you were given, then ask where it is from',
    );
  say(findings.size === 0 ? 'verdict: INTACT' : 'verdict: NOT INTACT');
  return findings.size === 0 ? 0 : 1;
}

/** A note as it was published, or the one in a .tlog-proof (C2SP). @param {Buffer} file */
function noteIn(file) {
  const text = file.toString('utf8');
  return text.startsWith('c2sp.org/tlog-proof@v1\n') ? text.slice(text.indexOf('\n\n') + 2) : text;
}

/** @param {string} problem */
function usage(problem) {
  console.error(`medrelay-verify: ${problem}\n\n${USAGE}`);
  return 2;
}

process.exitCode = main(process.argv.slice(2));
