import { createHash } from 'node:crypto';
import { createSealer, createTrail, type Pages, type ProofSource, type TrailReader } from '../src/lib/audit';
import { localSigner } from '../test/support/audit/log-builder';
import { memoryTrail, type MemoryTrail } from '../test/support/audit/memory-trail';
import { atLeast, atMost } from './bar';
import { idOf, sealedTree, sealStores, TENANT, YEAR, type SealedTree } from './sealed-tree';
import type { Findings } from './section';
import { alternate, median } from './statistics';

const LARGE = 1_000_000;
const SMALL = 1_000;
/** Verified, and sealed on top of a tree. */
const EVENTS = 8_000;
const ROUNDS = 7;

const notHere = (): never => {
  throw new Error('The bench does not ask for this.');
};
/** What neither a proof nor the verification of a whole trail uses. */
const unused = { growthReader: notHere, shredded: () => Promise.resolve(undefined) };

type Signer = ReturnType<typeof localSigner>;

/** What the signed log costs on CPU: proofs, verification of a whole trail, sealing. Stores are in memory. */
export async function benchAuditLog(): Promise<Findings> {
  const signer = localSigner();
  const trail = await memoryTrail({ [TENANT]: EVENTS });
  const lines = trail.file.documents('events').map((document) => JSON.stringify(document));
  const large = await sealedTree(LARGE, signer);
  const proofs = await timeProofs(large, signer, trail);
  const sealing = await timeSealing({ large, small: await sealedTree(SMALL, signer) }, lines, signer, trail);
  const verification = await timeVerification(lines, trail);
  const perSecond = (milliseconds: number): number => (EVENTS / milliseconds) * 1000;
  return {
    rows: [
      { measure: 'inclusion proof in 1,000,000 events, median', found: `${median(proofs).toFixed(2)} ms` },
      {
        measure: 'verification of a trail, best',
        found: `${perSecond(verification.ours).toFixed(0)} events/s`,
      },
      {
        measure: 'parse, canonicalize and hash, best',
        found: `${perSecond(verification.floor).toFixed(0)} events/s`,
      },
      {
        measure: 'sealing on top of 1,000 events, best',
        found: `${perSecond(sealing.small).toFixed(0)} events/s`,
      },
    ],
    bars: [
      atMost('inclusion proof in a tree of 1,000,000 events, besides its reads, ms', 5, median(proofs)),
      atLeast(
        'verification of every event / JSON.parse + canonicalize + SHA-256 of the same lines',
        0.6,
        verification.floor / verification.ours,
      ),
      atMost('sealing at 1,000,000 events / at 1,000, time', 1.25, sealing.large / sealing.small),
      atMost('sealing at 1,000,000 events / at 1,000, bytes written', 1.25, sealing.bytes),
    ],
    report: { proofs: { median: median(proofs), most: Math.max(...proofs) }, verification, sealing },
  };
}

/** As `medrelay audit proof` makes them, the parsing and checking included; documents come from memory. */
async function timeProofs(
  { documents, notes }: SealedTree,
  signer: Signer,
  trail: MemoryTrail,
): Promise<number[]> {
  const parsed = (id: string): object | undefined => {
    const text = documents.get(`${TENANT}|${YEAR}/${id}`);
    return text === undefined ? undefined : (JSON.parse(text) as object);
  };
  let reading = 0;
  const timed = <T>(read: () => T): Promise<T> => {
    const from = performance.now();
    const result = read();
    reading += performance.now() - from;
    return Promise.resolve(result);
  };
  const source = (index: number): ProofSource => ({
    yearOf: () => Promise.resolve(YEAR),
    newestCheckpoint: () => timed(() => parsed(`cp-${String(notes.length).padStart(12, '0')}`)),
    tileNaming: (_, __, partial) =>
      timed(() => parsed(`tile-0-${String(Math.floor(index / 256)).padStart(12, '0')}`) ?? parsed(partial)),
    tile: (_, id) => timed(() => parsed(id)),
  });
  const times: number[] = [];
  for (let n = 0; n < 300; n++) {
    const index = (n * 7_919_317) % LARGE;
    const own = createTrail({
      reader: trail.reader,
      proofSource: () => source(index),
      ...unused,
      anchors: { tenants: () => Promise.resolve([TENANT]) },
      signer: { keyName: signer.keyName, publicKeys: () => Promise.resolve([signer.spki]) },
      cipher: { verifyMac: () => true },
      configuredTenants: () => [TENANT],
      now: () => new Date(),
    });
    reading = 0;
    const from = performance.now();
    const proof = await own.prove(TENANT, idOf(index));
    times.push(performance.now() - from - reading);
    if (proof.index !== index || proof.size !== LARGE) throw new Error('The proof is of another event.');
  }
  // The first ones are the compiler's.
  return times.slice(100);
}

/** The same events on top of a large and a small tree, the whole way: feed, check of hash and MAC, segment, tiles, note. */
async function timeSealing(
  trees: { readonly large: SealedTree; readonly small: SealedTree },
  lines: readonly string[],
  signer: Signer,
  trail: MemoryTrail,
): Promise<{ large: number; small: number; bytes: number }> {
  const { verifyMac } = trail.keys(TENANT);
  const best = { large: Infinity, small: Infinity };
  const bytes = { large: 0, small: 0 };
  const seal = async (name: 'large' | 'small'): Promise<void> => {
    const { log, anchors, written } = sealStores(trees[name]);
    const sealer = createSealer({
      log,
      anchors,
      feed: {
        read: (token, limit) => {
          const at = Number(token ?? 0);
          const page = lines.slice(at, at + limit);
          return Promise.resolve({
            documents: page.map((line) => JSON.parse(line) as unknown),
            token: String(at + page.length),
          });
        },
      },
      signer: { ...signer, publicKeys: () => Promise.resolve([signer.spki]) },
      verifyMac: (_, mac, hash) => verifyMac(mac, hash),
      audit: { record: () => Promise.reject(new Error('Nothing here is an alarm.')) },
      defaultTenant: TENANT,
      isTenant: (id) => id === TENANT,
      // Before the events were received: none counts as late.
      clock: { now: () => Date.parse('2026-03-20T00:00:00Z'), sleep: () => Promise.resolve() },
    });
    const from = performance.now();
    const [sealed] = await sealer.run();
    best[name] = Math.min(best[name], performance.now() - from);
    bytes[name] = written.bytes;
    if (sealed?.sealed !== EVENTS) throw new Error(`Of ${EVENTS} events ${sealed?.sealed} were sealed.`);
  };
  await alternate(
    ROUNDS,
    () => seal('large'),
    () => seal('small'),
  );
  return { ...best, bytes: bytes.large / bytes.small };
}

/** Everything that `medrelay audit verify` checks of a trail whose documents come as lines, against the floor. */
async function timeVerification(
  lines: readonly string[],
  trail: MemoryTrail,
): Promise<{ ours: number; floor: number }> {
  const { default: canonicalize } = await import('canonicalize');
  const best = { ours: Infinity, floor: Infinity };
  const reader: TrailReader = { ...trail.reader(TENANT), events: () => parsedPages(lines) };
  const { keyName, signing, verifyMac } = trail.keys(TENANT);
  const verifier = createTrail({
    reader: () => reader,
    proofSource: notHere,
    ...unused,
    anchors: { tenants: () => Promise.resolve([TENANT]) },
    signer: { keyName, publicKeys: () => Promise.resolve(signing) },
    cipher: { verifyMac: (_, mac, hash) => verifyMac(mac, hash) },
    configuredTenants: () => [TENANT],
    now: () => new Date('2026-03-22T00:00:00Z'),
  });
  async function ours(): Promise<void> {
    const from = performance.now();
    const { verdict, counts } = await verifier.verify(TENANT, {});
    best.ours = Math.min(best.ours, performance.now() - from);
    if (verdict !== 'intact' || counts.eventsHashed !== EVENTS) throw new Error('The trail is not intact.');
  }
  function floor(): void {
    const from = performance.now();
    let bytes = 0;
    for (const line of lines) {
      const canonical = canonicalize(JSON.parse(line)) ?? '';
      bytes += createHash('sha256').update(canonical).digest().length;
    }
    best.floor = Math.min(best.floor, performance.now() - from);
    if (bytes !== EVENTS * 32) throw new Error('Not every line was hashed.');
  }
  await alternate(ROUNDS, ours, floor);
  return best;
}

async function* parsedPages(lines: readonly string[]): Pages {
  await Promise.resolve();
  for (let at = 0; at < lines.length; at += 1000)
    yield lines.slice(at, at + 1000).map((line) => JSON.parse(line) as unknown);
}
