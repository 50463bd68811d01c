import { createHash } from 'node:crypto';
import { createAudit, createAuditReplay, createDeadLetters } from '../../../src/lib/audit';
import { createWorld, event, inVirtualTime } from './fakes';

inVirtualTime();

/** Two letters: an event of ours, and something else that names a patient. */
async function setUp() {
  const world = createWorld();
  world.fate = (sink) => (sink === 'store' ? 'fail' : 'ok');
  await createAudit(world).record(event());
  world.fate = () => 'ok';
  const bodies = [JSON.stringify([...world.queued.values()][0]), '{"patient":"DOE^JANE"}'];
  let letters = bodies.map((body, n) => ({
    metadata: { sequenceNumber: String(n + 1), enqueuedTimeUtc: new Date('2026-03-05T09:30:00Z') },
    body: Buffer.from(body),
    reason: 'MaxDeliveryCountExceeded',
  }));
  const archived = new Map<string, Uint8Array>();
  const deadLetters = createDeadLetters({
    letters: {
      peek: async () => letters,
      async take(matches, handle) {
        const matching = letters.filter(matches);
        for (const letter of matching) {
          await handle(letter);
          letters = letters.filter((each) => each !== letter);
        }
        return matching;
      },
    },
    replay: createAuditReplay(world),
    audit: createAudit(world),
    cipher: world.cipher,
    defaultTenant: 'demo',
    archive: async (name, body) => void archived.set(name, body),
  });
  return { world, deadLetters, archived, left: () => letters.map(({ metadata }) => metadata.sequenceNumber) };
}

it('shows what is wrong, and of a body that is not ours nothing at all', async () => {
  const { deadLetters } = await setUp();
  const list = await deadLetters.list();
  expect(list.map(({ number, finding, event: shown }) => [number, finding, shown?.tenantId])).toEqual([
    ['1', 'intact', 'north'],
    ['2', 'AUDIT_DOCUMENT_INVALID', undefined],
  ]);
  expect(JSON.stringify([list, await deadLetters.show('1'), await deadLetters.show('2')])).not.toMatch(
    /DOE|"ct"/,
  );
  await expect(deadLetters.show('3')).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
});

it('brings back what is intact and leaves what is refused', async () => {
  const { deadLetters, world, left } = await setUp();
  expect(await deadLetters.replay(undefined)).toMatchObject({ persisted: 1, refused: 1 });
  expect([world.stored.size, left()]).toEqual([1, ['2']]);
  expect(await deadLetters.replay('2')).toMatchObject({ refused: 1 });
  await expect(deadLetters.replay('1')).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
});

it('discards only what is archived and recorded, with who decided and who approved', async () => {
  const { deadLetters, world, archived, left } = await setUp();
  world.fate = () => 'fail';
  await expect(deadLetters.discard('2', 'Dr Approver', 'os-user/op')).rejects.toMatchObject({
    code: 'AUDIT_NOT_DURABLE',
  });
  expect(left()).toEqual(['1', '2']);
  world.fate = () => 'ok';
  const name = await deadLetters.discard('2', 'Dr Approver', 'os-user/op');
  const sha256 = createHash('sha256').update('{"patient":"DOE^JANE"}').digest('hex');
  expect([name, left()]).toEqual([`discarded/demo/${sha256}`, ['1']]);
  const body = archived.get(name) ?? Buffer.alloc(0);
  expect(Buffer.from(body).toString('latin1')).not.toContain('DOE');
  expect(String(await world.cipher.openBody('demo', body, sha256))).toBe('{"patient":"DOE^JANE"}');
  const decision = [...world.stored.values()].find(({ source }) => source === 'dead-letters');
  expect(decision).toMatchObject({ action: 'D', outcomeCode: 'AUDIT_DOCUMENT_INVALID', ext: { sha256 } });
  expect(JSON.stringify(decision)).not.toContain('Approver');
  await expect(deadLetters.discard('9', 'x', 'y')).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
});
