import { stateAfter, verifyTrail, type Verification } from '../../../../src/lib/audit/verify';
import { attacks, foundIn } from '../../../support/audit/attacks';
import { memoryTrail, type MemoryTrail } from '../../../support/audit/memory-trail';

let trail: MemoryTrail;
let clean: Verification[];

async function verifyAll(signing?: readonly Uint8Array[]): Promise<Verification[]> {
  return Promise.all(
    trail.tenants.map((tenantId, i) => {
      const keys = trail.keys(tenantId);
      return verifyTrail({
        tenantId,
        reader: trail.reader(tenantId),
        keys: signing ? { ...keys, signing } : keys,
        maximumMergeDelayMs: 120_000,
        now: new Date(),
        lastState: clean?.[i] && stateAfter(clean[i]),
      });
    }),
  );
}

beforeAll(async () => {
  trail = await memoryTrail({ north: 270, south: 20, west: 3 });
  clean = await verifyAll();
});
beforeEach(() => trail.restore());

it('finds nothing in a clean trail, and says what it has seen', () => {
  expect(foundIn(clean)).toEqual([]);
  expect(clean.map(({ verdict, counts }) => [verdict, counts])).toEqual([
    ['intact', { checkpoints: 6, leaves: 270, eventsHashed: 270, pending: 0 }],
    ['intact', { checkpoints: 6, leaves: 20, eventsHashed: 20, pending: 0 }],
    ['intact', { checkpoints: 6, leaves: 3, eventsHashed: 3, pending: 0 }],
  ]);
});

it.each(attacks)('$name', async ({ tamper, andMore, trustedKeys }) => {
  const expected = [...(await tamper(trail))].sort();
  const found = foundIn(await verifyAll(trustedKeys?.()));
  expect(andMore ? found.filter((each) => expected.includes(each)) : found).toEqual(expected);
  expect(expected).not.toEqual([]);
});
