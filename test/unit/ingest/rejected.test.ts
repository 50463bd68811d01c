import { createIngest, readDelivery, type Ingest } from '../../../src/lib/ingest';
import type { DeadLetter } from '../../../src/lib/ingest/ports';
import { processBody } from '../../../src/lib/ingest/process-body';
import { Denied, MemoryWorld } from './memory-ports';
import { adt, delivery, oru } from './messages';

function setUp(): { world: MemoryWorld; ingest: Ingest; letters: DeadLetter[] } {
  const world = new MemoryWorld();
  const letters: DeadLetter[] = [];
  const ingest = createIngest({
    ...world.ports(),
    deadLetters: {
      peek: async () => letters,
      async take(matches, handle) {
        const taken = letters.filter(matches);
        for (const letter of taken) {
          await handle(letter);
          letters.splice(letters.indexOf(letter), 1);
        }
        return taken;
      },
    },
  });
  return { world, ingest, letters };
}

/** What the broker does: hands the next queued message over. */
async function deliver({ world, ingest }: ReturnType<typeof setUp>, messageId: string) {
  const message = world.queued.shift();
  if (!message) throw new Error('nothing queued');
  const metadata = { messageId: message.messageId ?? messageId, applicationProperties: message.properties };
  return ingest.processBody(message.body, readDelivery(metadata, world.now));
}

const testData = adt().replace('|P|2.5.1', '|T|2.5.1');

test('sent messages are waited for, each with its own fate', async () => {
  const desk = setUp();
  const { ingest } = desk;
  const sent = [
    ...(await ingest.enqueue(Buffer.from(`${adt()}${oru()}`), {})),
    ...(await ingest.enqueue(Buffer.from(adt()), {})),
  ];
  expect(sent.map(({ key, index }) => [key, index])).toEqual([
    ['demo|ADT|GEN|A1', 0],
    ['demo|LAB|GEN|L1', 1],
    ['demo|ADT|GEN|A1', 0],
  ]);
  const seen: string[] = [];
  const wait = () =>
    ingest.waitFor(sent, { timeoutMs: 0, onFinal: ({ key }, { status }) => seen.push(`${key} ${status}`) });
  expect(await wait()).toHaveLength(3);
  await deliver(desk, 'unused');
  expect(await wait()).toEqual([sent[2]]);
  await deliver(desk, 'unused');
  seen.length = 0;
  expect(await wait()).toEqual([]);
  expect(seen).toEqual(['demo|ADT|GEN|A1 done', 'demo|LAB|GEN|L1 done', 'demo|ADT|GEN|A1 duplicate']);
});

test.each(['nowhere', 'northside'])('what tenant %s refuses is found as well', async (tenant) => {
  const desk = setUp();
  const sent = await desk.ingest.enqueue(Buffer.from(adt()), { tenant });
  await deliver(desk, 'unused');
  const onFinal = jest.fn();
  expect(await desk.ingest.waitFor(sent, { timeoutMs: 0, onFinal })).toEqual([]);
  expect(onFinal).toHaveBeenCalledWith(sent[0], expect.objectContaining({ status: 'rejected' }));
});

test('a large body for a tenant that does not exist is found too', async () => {
  const desk = setUp();
  const big = `${adt()}${'NTE|1|L|x\r'.repeat(30_000)}`;
  const sent = await desk.ingest.enqueue(Buffer.from(big), { tenant: 'nowhere' });
  expect(desk.world.queued[0]?.properties).toMatchObject({ bodyKind: 'claim-check/1', tenantId: 'nowhere' });
  await deliver(desk, 'unused');
  expect(await desk.ingest.waitFor(sent, { timeoutMs: 0, onFinal: () => undefined })).toEqual([]);
  expect(desk.world.statuses()).toEqual(['rejected UNKNOWN_TENANT']);
});

test('a rejected message is listed and replayed from its raw bytes', async () => {
  const desk = setUp();
  const { world, ingest } = desk;
  await ingest.processBody(Buffer.from(testData), delivery('d1'));
  const waiting = () => ingest.listWaiting();
  expect(await waiting()).toMatchObject([{ queue: 'hl7-rejected', code: 'PROCESSING_ID' }]);
  const [document] = world.documents();
  expect(await ingest.replay('A1')).toEqual([document?.id]);
  await deliver(desk, 'd2');
  expect(world.documents()).toMatchObject([{ origin: 'd2', history: [{ origin: 'd1' }] }]);
  // Refused again, so it waits again, once.
  expect(await waiting()).toHaveLength(1);
  expect(world.rejected.size).toBe(2);
  const raw = await ingest.readRaw(world.documents()[0]!);
  expect(Buffer.from(raw ?? []).toString()).toBe(testData.slice(0, -1));
});

test('a dead letter without a document is sent again under its own identity', async () => {
  const desk = setUp();
  const { world, ingest, letters } = desk;
  letters.push(
    { body: Buffer.from(oru()), reason: 'MaxDeliveryCountExceeded', metadata: { messageId: 'other' } },
    {
      body: Buffer.from(adt()),
      reason: 'MaxDeliveryCountExceeded',
      metadata: { messageId: 'lost', applicationProperties: { tenantId: 'demo' } },
    },
  );
  expect((await ingest.listWaiting()).map(({ id }) => id)).toEqual(['other', 'lost']);
  expect(await ingest.replay('lost')).toEqual(['lost']);
  expect(letters).toHaveLength(1);
  await deliver(desk, 'unused');
  expect(world.documents()).toMatchObject([{ status: 'done', origin: 'lost', tenantId: 'demo' }]);
});

test('a dead letter says why it failed, and starts over when it is replayed', async () => {
  const { world, ingest, letters } = setUp();
  const applicationProperties = { originMessageId: 'd1', attempt: 9, unexplained: 5, failure: 'INTERNAL' };
  const metadata = { messageId: 'sixth', applicationProperties };
  letters.push({ body: Buffer.from(adt()), reason: 'MaxDeliveryCountExceeded', metadata });
  expect(await ingest.listWaiting()).toMatchObject([{ id: 'd1', code: 'INTERNAL' }]);
  await ingest.replay('d1');
  expect(world.queued[0]?.properties).toMatchObject({ originMessageId: 'd1' });
  expect(world.queued[0]?.properties).not.toHaveProperty('unexplained');
});

test('an unfinished message whose delivery died is replayed once, and its dead letter goes', async () => {
  const desk = setUp();
  const { world, ingest, letters } = desk;
  world.dieAt('resources.commit');
  await expect(ingest.processBody(Buffer.from(adt()), delivery('d1'))).rejects.toThrow('dead');
  world.around = (_call, effect) => effect();
  letters.push({
    body: Buffer.from(adt()),
    reason: 'MaxDeliveryCountExceeded',
    metadata: { messageId: 'd1' },
  });
  await ingest.replay('A1');
  expect([letters.length, world.queued.length]).toEqual([0, 1]);
  await deliver(desk, 'd2');
  expect(world.statuses()).toEqual(['done']);
});

describe('what waits', () => {
  const keys = async ({ ingest }: ReturnType<typeof setUp>): Promise<string[]> =>
    (await ingest.listWaiting()).map(({ queue, code }) => `${queue} ${code}`);

  test('a replay that succeeds takes the message off the list', async () => {
    const desk = setUp();
    const { world, ingest } = desk;
    await processBody(
      Buffer.from(adt()),
      delivery('d1'),
      world.ports({ interpret: () => ({ kind: 'rejected', code: 'UNSUPPORTED_EVENT', findings: [] }) }),
    );
    expect(await keys(desk)).toEqual(['hl7-rejected UNSUPPORTED_EVENT']);
    await ingest.replay('A1');
    await deliver(desk, 'd2');
    expect(await keys(desk)).toEqual([]);
    // Who reads the queue itself still finds the entry there.
    expect(world.rejected.size).toBe(1);
  });

  test('so does a correction, also the correction of a correction, and not before it is done', async () => {
    const desk = setUp();
    const { world, ingest } = desk;
    await ingest.processBody(Buffer.from(testData), delivery('d1'));
    await ingest.processBody(Buffer.from(testData.replace('|A1|', '|A9|')), delivery('d2'));
    const idOf = (name: string) => world.documents().find(({ controlId }) => controlId === name)?.id ?? '';
    const [first] = await ingest.resubmitEdited(idOf('A1'), Buffer.from(adt().replace(/PID.*\r/, '')));
    expect(await keys(desk)).toHaveLength(2);
    await deliver(desk, 'unused');
    expect(await keys(desk)).toHaveLength(3);
    await ingest.resubmitEdited(first?.id ?? '', Buffer.from(adt()));
    expect(await keys(desk)).toHaveLength(3);
    await deliver(desk, 'unused');
    expect((await ingest.listWaiting()).map(({ id }) => id)).toEqual([idOf('A9')]);
  });

  test('a conflict waits for a person like a rejection', async () => {
    const desk = setUp();
    await desk.ingest.processBody(Buffer.from(adt()), delivery('d1'));
    await desk.ingest.processBody(Buffer.from(adt({ family: 'Other' })), delivery('d2'));
    expect(await keys(desk)).toEqual(['hl7-rejected CONTROL_ID_REUSED']);
  });

  test('a delayed message is shown with its time, and once when its delivery is dead', async () => {
    const desk = setUp();
    const { world, ingest, letters } = desk;
    world.around = async (call, effect) => {
      if (call === 'resources.commit') throw new Denied();
      return effect();
    };
    const { retry } = await ingest.processBody(Buffer.from(adt()), delivery('d1'));
    expect(await ingest.listWaiting()).toEqual([
      {
        queue: 'scheduled',
        id: world.documents()[0]?.id,
        tenantId: 'demo',
        code: 'ACCESS_DENIED',
        enqueuedAt: '2026-11-20T00:00:00.000Z',
        until: retry?.at,
      },
    ]);
    letters.push({ body: Buffer.from(adt()), reason: 'TTLExpiredException', metadata: { messageId: 'd1' } });
    expect(await keys(desk)).toEqual(['dead-letter TTLExpiredException']);
    letters.length = 0;
    world.around = (_call, effect) => effect();
    await deliver(desk, 'unused');
    expect(await keys(desk)).toEqual([]);
  });
});

test('a correction is a new message; unknown keys say so', async () => {
  const desk = setUp();
  await desk.ingest.processBody(Buffer.from(testData), delivery('d1'));
  const sent = await desk.ingest.resubmitEdited('A1', Buffer.from(adt()));
  await deliver(desk, 'unused');
  expect(await desk.ingest.waitFor(sent, { timeoutMs: 0, onFinal: () => undefined })).toEqual([]);
  expect(desk.world.statuses()).toEqual(['done', 'rejected PROCESSING_ID']);
  await expect(desk.ingest.replay('nothing')).rejects.toMatchObject({ code: 'NOTHING_TO_REPLAY' });
  await expect(desk.ingest.resubmitEdited('nothing', Buffer.from(''))).rejects.toMatchObject({
    code: 'MESSAGE_NOT_FOUND',
  });
});
