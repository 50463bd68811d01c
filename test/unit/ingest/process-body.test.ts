import { readDelivery } from '../../../src/lib/ingest';
import { processBody } from '../../../src/lib/ingest/process-body';
import { Away, Denied, MemoryWorld } from './memory-ports';
import { adt, delivery, oru } from './messages';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

async function run(world: MemoryWorld, body: string | Buffer, of = delivery('d1')) {
  return processBody(typeof body === 'string' ? bytes(body) : body, of, world.ports());
}

test('an admission is stored, audited, published and done', async () => {
  const world = new MemoryWorld();
  const { outcomes, retry } = await run(world, adt());
  expect(retry).toBeUndefined();
  expect(outcomes).toMatchObject([{ index: 0, status: 'done' }]);
  const [document] = world.documents();
  expect(document).toMatchObject({
    key: 'demo|ADT|GEN|A1',
    pk: `demo|${document?.id}`,
    status: 'done',
    controlId: 'A1',
    event: 'ADT^A01',
    sender: { application: 'ADT', facility: 'GEN' },
    sourceTime: '2026-11-18T13:20:00.000Z',
    profile: 'default',
    origin: 'd1',
  });
  expect(document?.ledger?.carried).toBeGreaterThan(5);
  expect(document?.resourceCount).toBe(world.container.all('current').length);
  expect([...world.audit.values()]).toMatchObject([{ action: 'C', outcome: '0', outcomeCode: 'DONE' }]);
  expect([...world.events.values()]).toMatchObject([{ eventType: 'ADT^A01', resourceType: 'Encounter' }]);
  expect(world.blobs.size).toBe(1);
});

describe('bodies', () => {
  test('a JSON string literal is the message, read as UTF-8 whatever MSH-18 says', async () => {
    const world = new MemoryWorld();
    const text = adt({ family: 'Müster' }).replace('|P|2.5.1', '|P|2.5.1||||||8859/1');
    await run(world, Buffer.from(JSON.stringify(text), 'utf8'));
    expect(world.statuses()).toEqual(['done']);
    const patient = world.container.all('current').find(({ resourceType }) => resourceType === 'Patient');
    expect(patient?.resource).toMatchObject({ name: [{ family: 'Müster' }] });
  });

  test('a claim check is fetched and verified', async () => {
    const world = new MemoryWorld();
    const ports = world.ports();
    const reference = await ports.raw.reference('demo', bytes(adt()));
    await ports.raw.put('demo', reference, bytes(adt()), '');
    await run(world, JSON.stringify(reference));
    await run(
      world,
      JSON.stringify({ ...reference, length: 3 }),
      delivery('d2', { bodyKind: 'claim-check/1' }),
    );
    await run(world, JSON.stringify({ ...reference, blob: 'northside/x' }), delivery('d3'));
    await run(world, JSON.stringify({ ...reference, length: 1e9 }), delivery('d4'));
    expect(world.statuses()).toEqual([
      'done',
      'rejected CLAIM_CHECK_INVALID',
      'rejected CLAIM_CHECK_INVALID',
      'rejected TOO_LARGE',
    ]);
  });

  test.each([
    ['{"a":1}', 'BODY_NOT_HL7'],
    ['[1]', 'BODY_NOT_HL7'],
    ['17', 'BODY_NOT_HL7'],
    ['null', 'BODY_NOT_HL7'],
    ['{"blob":"demo/x","sha256":"0","length":1,"messageId":"x"}', 'BODY_NOT_HL7'],
    ['', 'EMPTY'],
    ['hello', 'NOT_HL7'],
    ['"hello"', 'NOT_HL7'],
    [adt({ controlId: '' }), 'NO_CONTROL_ID'],
    [adt().replace('ADT^A01^ADT_A01', 'ADT^Z99'), 'UNSUPPORTED_EVENT'],
    [adt().replace('|P|2.5.1', '|T|2.5.1'), 'PROCESSING_ID'],
    [adt().replace(/PID.*\r/, ''), 'NO_PATIENT'],
  ])('%j is refused as %s with an acknowledgement', async (body, code) => {
    const world = new MemoryWorld();
    const { outcomes } = await run(world, body);
    expect(outcomes).toMatchObject([{ status: 'rejected', code }]);
    const [rejected] = world.rejected.values();
    expect(rejected).toMatchObject({ code, ack: expect.stringMatching(/^MSH\|.*\rMSA\|A[ER]/) as string });
    expect([...world.audit.values()]).toMatchObject([{ outcome: '8', outcomeCode: code }]);
    expect(world.container.all()).toEqual([]);
    expect(world.blobs.size).toBe(1);
  });

  test.each([
    [adt({ controlId: '' }), 'MSH[1]-10', 'MSH^1^10'],
    [adt().replace('ADT^A01^ADT_A01', 'ADT^Z99'), 'MSH[1]-9[1].2', 'MSH^1^9^1^2'],
    [adt().replace(/PID.*\r/, ''), 'PID[1]', 'PID^1'],
    [adt().replace('1001^^^GEN^MR', ''), 'PID[1]-3', 'PID^1^3'],
  ])('%j: the document and ERR-2 say where', async (body, location, err2) => {
    const world = new MemoryWorld();
    await run(world, body);
    expect(world.documents()).toMatchObject([
      { location, ack: expect.stringContaining(`\rERR||${err2}|`) as string },
    ]);
  });

  test('a batch: every message has its own fate, the same message twice is a duplicate', async () => {
    const world = new MemoryWorld();
    const batch = [
      'BHS|^~\\&|',
      adt(),
      oru(),
      adt(),
      adt({ controlId: 'B2' }).replace('ADT^A01^ADT_A01', 'ADT^Z99'),
      'BTS|4',
    ];
    const { outcomes } = await run(world, batch.map((part) => part.replace(/\r$/, '')).join('\r'));
    expect(outcomes.map(({ index, status }) => [index, status])).toEqual([
      [0, 'done'],
      [1, 'done'],
      [2, 'duplicate'],
      [3, 'rejected'],
    ]);
    expect(world.audit.size).toBe(4);
  });
});

describe('tenants', () => {
  test('an unknown tenant is refused under the default one and stays out of the way of its messages', async () => {
    const world = new MemoryWorld();
    await run(world, adt(), delivery('d1', { tenantId: 'nowhere' }));
    await run(world, adt(), delivery('d2', { tenantId: 'Robert"); DROP' }));
    await run(world, adt(), delivery('d3'));
    expect(world.statuses()).toEqual(['done', 'rejected UNKNOWN_TENANT', 'rejected UNKNOWN_TENANT']);
    expect(JSON.stringify(world.snapshot())).not.toContain('DROP');
    expect(world.documents().every(({ tenantId }) => tenantId === 'demo')).toBe(true);
  });

  test('only allowed senders', async () => {
    const world = new MemoryWorld();
    await run(world, adt(), delivery('d1', { tenantId: 'northside' }));
    await run(world, adt({ sender: 'NORTHLAB|NORTHSIDE' }), delivery('d2', { tenantId: 'northside' }));
    expect(world.statuses()).toEqual(['done', 'rejected SENDER_NOT_ALLOWED']);
  });
});

describe('identity', () => {
  test('the same bytes from another delivery are a duplicate', async () => {
    const world = new MemoryWorld();
    await run(world, adt());
    await run(world, adt(), delivery('d2'));
    expect(world.statuses()).toEqual(['done', 'duplicate']);
    expect(world.audit.size).toBe(2);
    expect(world.events.size).toBe(1);
  });

  test('the same delivery again is settled: nothing changes', async () => {
    const world = new MemoryWorld();
    await run(world, adt());
    const before = world.snapshot();
    const { outcomes } = await run(world, adt());
    expect(outcomes).toMatchObject([{ status: 'done' }]);
    expect(world.snapshot()).toEqual(before);
  });

  test('other bytes under a used control id are a conflict: kept, reported, not stored', async () => {
    const world = new MemoryWorld();
    await run(world, adt());
    const before = world.container.snapshot();
    await run(world, adt({ family: 'Other' }), delivery('d2'));
    await run(world, adt({ family: 'Other' }), delivery('d2'));
    expect(world.statuses()).toEqual(['conflict CONTROL_ID_REUSED', 'done']);
    expect(world.container.snapshot()).toEqual(before);
    expect(world.blobs.size).toBe(2);
    expect(world.rejected.size).toBe(1);
    expect(world.audit.size).toBe(2);
  });

  test('a message that another delivery left unfinished is finished, and that delivery is a duplicate', async () => {
    const world = new MemoryWorld();
    world.dieAt('resources.commit');
    await expect(run(world, adt())).rejects.toThrow('dead');
    world.around = (_call, effect) => effect();
    await run(world, adt(), delivery('d2'));
    expect(world.statuses()).toEqual(['done', 'duplicate']);
    await run(world, adt());
    expect(world.statuses()).toEqual(['done', 'duplicate']);
  });
});

describe('replay', () => {
  test('a rejected message is processed anew, its first outcome stays in its history', async () => {
    const world = new MemoryWorld();
    const refused = world.ports({
      interpret: () => ({ kind: 'rejected', code: 'UNSUPPORTED_EVENT', findings: [] }),
    });
    await processBody(bytes(adt()), delivery('d1'), refused);
    await processBody(bytes(adt()), delivery('d2', { isReplay: true }), refused);
    expect(world.rejected.size).toBe(2);
    await run(world, adt(), delivery('d3', { isReplay: true }));
    await run(world, adt(), delivery('d3', { isReplay: true }));
    expect(world.documents()).toMatchObject([
      {
        status: 'done',
        origin: 'd3',
        history: [{ origin: 'd1', code: 'UNSUPPORTED_EVENT' }, { origin: 'd2' }],
      },
    ]);
    expect(world.documents()[0]).not.toHaveProperty('code');
    expect(world.audit.size).toBe(3);
  });

  test('a done message is not', async () => {
    const world = new MemoryWorld();
    await run(world, adt());
    await run(world, adt(), delivery('d2', { isReplay: true }));
    expect(world.statuses()).toEqual(['done', 'duplicate']);
  });

  test('a corrected message is a new one beside the old', async () => {
    const world = new MemoryWorld();
    await run(world, adt().replace(/PID.*\r/, ''));
    const [old] = world.documents();
    await run(world, adt(), delivery('d2', { editedFrom: old?.id ?? '' }));
    expect(world.statuses()).toEqual(['done', 'rejected NO_PATIENT']);
    expect(world.documents()[1]).toMatchObject({ editedFrom: old?.id, key: old?.key });
  });
});

describe('trouble that passes', () => {
  test('is waited out inside the invocation, call by call', async () => {
    const world = new MemoryWorld();
    let n = 0;
    world.around = async (_call, effect) => {
      if (++n % 3 !== 0) throw new Away();
      return effect();
    };
    const { outcomes, retry } = await run(world, adt());
    expect([outcomes, retry]).toMatchObject([[{ status: 'done' }], undefined]);
    expect(world.slept).toBeGreaterThan(0);
  });

  test('lasting: the message is sent again for later under the same identity, and the rest of the batch with it', async () => {
    const world = new MemoryWorld();
    const body = `${adt()}${oru()}`;
    world.around = async (call, effect) => {
      if (call === 'audit.record') throw new Away();
      return effect();
    };
    for (const [attempt, seconds] of [60, 300, 900, 3600, 3600].entries()) {
      const { outcomes, retry } = await run(world, body, delivery('d1', { attempt }));
      expect(outcomes).toEqual([]);
      expect(retry?.at).toBe(new Date(world.now.getTime() + seconds * 1000).toISOString());
      expect(world.queued[attempt]).toMatchObject({
        properties: {
          attempt: attempt + 1,
          originMessageId: 'd1',
          originEnqueuedAt: '2026-11-20T00:00:00.000Z',
        },
      });
    }
    expect(world.slept).toBeLessThan(5 * 20_000);
    expect(world.documents()).toMatchObject([
      { status: 'stored', waiting: { attempt: 5, code: 'SERVICE_UNAVAILABLE' } },
    ]);

    world.around = (_call, effect) => effect();
    await run(world, body, delivery('d1', { attempt: 5 }));
    expect(world.statuses()).toEqual(['done', 'done']);
    expect(world.documents()[0]).not.toHaveProperty('waiting');
    expect(world.audit.size).toBe(2);
  });

  test('with the broker away too it is left to the broker', async () => {
    const world = new MemoryWorld();
    world.around = async () => {
      throw new Away();
    };
    await expect(run(world, adt())).rejects.toBeInstanceOf(Away);
  });

  test('a body near the size limit waits as a claim check', async () => {
    const world = new MemoryWorld();
    const text = adt({ family: 'x'.repeat(300) });
    const small = { maxInlineBytes: 200 };
    world.around = async (call, effect) => {
      if (call.startsWith('messages')) throw new Away();
      return effect();
    };
    await processBody(Buffer.from(JSON.stringify(text)), delivery('d1'), world.ports(small));
    const [queued] = world.queued;
    expect(queued?.properties).toMatchObject({ bodyKind: 'claim-check/1', charset: 'utf-8' });
    world.around = (_call, effect) => effect();
    await run(
      world,
      Buffer.from(queued?.body ?? []),
      delivery('d1', { bodyKind: 'claim-check/1', charset: 'utf-8' }),
    );
    expect(world.statuses()).toEqual(['done']);
  });
});

/** The broker hands the newest scheduled copy over, like hl7Processor does. */
function runAgain(world: MemoryWorld) {
  const message = world.queued.at(-1);
  if (!message) throw new Error('nothing queued');
  const metadata = { messageId: 'copy', applicationProperties: message.properties };
  return run(world, Buffer.from(message.body), readDelivery(metadata, world.now));
}

const failing = (world: MemoryWorld, name: string, failure: Error): void => {
  world.around = async (call, effect) => {
    if (call === name) throw failure;
    return effect();
  };
};
const secondsUntil = (world: MemoryWorld, at: string | undefined): number =>
  (Date.parse(at ?? '') - world.now.getTime()) / 1000;

describe('trouble that people have to end', () => {
  test.each(['messages.create', 'raw.put', 'resources.read', 'resources.commit'])(
    'denied access at %s: later, for as long as it takes, and without waiting here',
    async (call) => {
      const world = new MemoryWorld();
      failing(world, call, new Denied());
      const waits = [secondsUntil(world, (await run(world, adt())).retry?.at)];
      for (let n = 1; n < 12; n++) {
        const { retry } = await runAgain(world);
        expect(retry).toMatchObject({ kind: 'denied', code: 'ACCESS_DENIED' });
        waits.push(secondsUntil(world, retry?.at));
      }
      expect(waits).toEqual([60, 300, 900, ...Array<number>(9).fill(3600)]);
      expect(world.slept).toBe(0);

      world.around = (_call, effect) => effect();
      await runAgain(world);
      expect(world.statuses()).toEqual(['done']);
      expect([world.audit.size, world.events.size]).toEqual([1, 1]);
    },
  );

  test('a claim check whose blob may not be read waits as well', async () => {
    const world = new MemoryWorld();
    const reference = await world.ports().raw.reference('demo', bytes(adt()));
    failing(world, 'raw.get', new Denied());
    expect((await run(world, JSON.stringify(reference))).retry).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(world.documents()).toEqual([]);
  });

  test('a broker that refuses the copy is given a minute per delivery', async () => {
    const world = new MemoryWorld();
    world.around = async () => {
      throw new Denied();
    };
    await expect(run(world, adt())).rejects.toBeInstanceOf(Denied);
    expect(world.slept).toBe(60_000);
  });
});

describe('failures that nobody has an explanation for', () => {
  test('come back five times, then the broker keeps the message with its code', async () => {
    const world = new MemoryWorld();
    failing(world, 'resources.commit', new TypeError('defect'));
    const first = await run(world, adt());
    expect(first.retry).toMatchObject({ kind: 'unexplained', code: 'INTERNAL' });
    const waits = [secondsUntil(world, first.retry?.at)];
    for (let n = 1; n < 5; n++) waits.push(secondsUntil(world, (await runAgain(world)).retry?.at));
    expect(waits).toEqual([60, 300, 900, 3600, 3600]);
    expect(world.queued[4]?.properties).toMatchObject({ unexplained: 5, failure: 'INTERNAL' });
    for (let n = 0; n < 10; n++) await expect(runAgain(world)).rejects.toThrow('defect');
    expect(world.queued).toHaveLength(5);
    expect(world.slept).toBe(0);

    world.around = (_call, effect) => effect();
    await runAgain(world);
    expect(world.statuses()).toEqual(['done']);
    expect([world.audit.size, world.events.size]).toEqual([1, 1]);
  });

  test('an outage in between is not counted, however long', async () => {
    const world = new MemoryWorld();
    failing(world, 'messages.create', new Away());
    await run(world, adt());
    for (let n = 1; n < 20; n++) await runAgain(world);
    failing(world, 'messages.create', new TypeError('defect'));
    expect(secondsUntil(world, (await runAgain(world)).retry?.at)).toBe(60);
    failing(world, 'messages.create', new Away());
    expect(secondsUntil(world, (await runAgain(world)).retry?.at)).toBe(3600);
    expect(world.queued.at(-1)?.properties).toMatchObject({ attempt: 22, unexplained: 1 });
  });

  test('a failed batch of the Cosmos DB SDK, which hides its status, is waited for and then counted', async () => {
    const world = new MemoryWorld();
    failing(world, 'resources.commit', new Error('Batch request error: One of the inputs is invalid'));
    await run(world, adt());
    expect(world.slept).toBeGreaterThan(1000);
    for (let n = 1; n < 5; n++) expect((await runAgain(world)).retry?.kind).toBe('unclear');
    await expect(runAgain(world)).rejects.toThrow('Batch request error');
  });

  test('one message does not hold up those behind it in its batch', async () => {
    const world = new MemoryWorld();
    let commits = 0;
    world.around = async (call, effect) => {
      if (call === 'resources.commit' && ++commits === 1) throw new TypeError('defect');
      return effect();
    };
    const body = `${adt()}${oru()}${adt({ controlId: 'A2' })}`;
    const { outcomes, retry } = await run(world, body);
    expect(outcomes.map(({ index, status }) => [index, status])).toEqual([
      [1, 'done'],
      [2, 'done'],
    ]);
    expect(world.documents().find(({ controlId }) => controlId === 'A1')).toMatchObject({
      status: 'converted',
      waiting: { attempt: 1, until: retry?.at, code: 'INTERNAL' },
    });
    await runAgain(world);
    expect(world.statuses()).toEqual(['done', 'done', 'done']);
    expect([world.audit.size, world.events.size]).toEqual([3, 3]);
  });

  test.each([new Denied(), new TypeError('defect')])(
    'the copy and the delivery it copies may both arrive (%p)',
    async (failure) => {
      const world = new MemoryWorld();
      world.around = async (call, effect) => {
        if (call === 'resources.commit') throw failure;
        const result = await effect();
        // The broker has the copy, but its answer is lost with the process.
        if (call === 'outbox.enqueue') throw new TypeError('lost');
        return result;
      };
      await expect(run(world, adt())).rejects.toThrow('lost');
      world.around = (_call, effect) => effect();
      await run(world, adt());
      await runAgain(world);
      expect(world.statuses()).toEqual(['done']);
      expect([world.audit.size, world.events.size]).toEqual([1, 1]);
    },
  );
});
