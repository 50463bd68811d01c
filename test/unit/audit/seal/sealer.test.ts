import * as fc from 'fast-check';
import { createSealer, sealStatus, type LogDocument } from '../../../../src/lib/audit/seal';
import { MedrelayError } from '../../../../src/lib/errors';
import { checkTree } from './check-tree';
import { createWorld, storedEvent, type Step, type World } from './world';

const HOUR = 60 * 60 * 1000;
const recordMany = (world: World, tenantId: string, from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => world.record(tenantId, `${tenantId}${from + i}`).id);

describe('one sealer', () => {
  it('seals what is there, each tenant in a tree of its own, and says how much', async () => {
    const world = createWorld();
    const a = recordMany(world, 'a', 0, 300);
    const b = recordMany(world, 'b', 0, 1);
    const sealer = createSealer(world.ports());
    expect([...(await sealer.run())].sort((one, other) => (one.tenantId < other.tenantId ? -1 : 1))).toEqual([
      { tenantId: 'a', year: '2026', sealed: 300, refused: 0, seq: 1, size: 300 },
      { tenantId: 'b', year: '2026', sealed: 1, refused: 0, seq: 1, size: 1 },
    ]);
    expect(checkTree(world, 'a', '2026').ids).toEqual(a);
    expect(checkTree(world, 'b', '2026').ids).toEqual(b);
    expect(await sealer.run()).toEqual([]);
  });

  it('goes on where another process ended, over the borders of tiles, segments and pages', async () => {
    const world = createWorld();
    const ids: string[] = [];
    for (const count of [1, 254, 1, 1, 255, 257, 900, 3]) {
      ids.push(...recordMany(world, 'a', ids.length, count));
      await createSealer(world.ports()).run();
      expect(checkTree(world, 'a', '2026').ids).toEqual(ids);
    }
    for (const each of world.log.values())
      if (each.kind === 'segment') expect(each.leaves.length).toBeLessThanOrEqual(1000);
  });

  it('costs the same however long the log is', async () => {
    const cost = async (size: number): Promise<Record<string, number>> => {
      const world = createWorld();
      recordMany(world, 'a', 0, size);
      await createSealer(world.ports()).run();
      recordMany(world, 'a', size, 10);
      const calls: Record<string, number> = {};
      const step: Step = async (name, effect) => {
        calls[name] = (calls[name] ?? 0) + 1;
        return effect();
      };
      await createSealer(world.ports(step)).run();
      return calls;
    };
    // 3,200 more leaves: four pages, and one level of tiles more.
    const [small, large] = [await cost(300), await cost(3500)];
    expect(Object.keys(large)).toEqual(Object.keys(small));
    const sum = (calls: Record<string, number>) => Object.values(calls).reduce((one, other) => one + other);
    expect(sum(large)).toBeLessThanOrEqual(sum(small) + 2);
  });

  it('says each hour that nothing happened, and begins a year with what the last one ended with', async () => {
    const world = createWorld('2026-12-31T22:30:00.000Z');
    recordMany(world, 'a', 0, 3);
    const sealer = createSealer(world.ports());
    await sealer.run();
    world.now += HOUR - 1;
    await sealer.run();
    expect(checkTree(world, 'a', '2026')).toMatchObject({ seq: 1 });
    world.now += 1;
    await sealer.run();
    const last = checkTree(world, 'a', '2026');
    expect(last).toMatchObject({ seq: 2, ids: { length: 3 } });
    world.now += HOUR;
    await sealer.run();
    expect(checkTree(world, 'a', '2026')).toEqual(last);
    expect(checkTree(world, 'a', '2027', last.note)).toMatchObject({ seq: 1, ids: [] });
    const ids = recordMany(world, 'a', 3, 2);
    world.now += 60_000;
    await sealer.run();
    expect(checkTree(world, 'a', '2027', last.note)).toMatchObject({ seq: 2, ids });
  });

  it('seals what was written down before the year ended into that year, also when it comes late', async () => {
    const world = createWorld('2026-12-31T23:59:59.000Z');
    const old = recordMany(world, 'a', 0, 5);
    await expect(createSealer(world.ports(crashAt('signer.sign'))).run()).rejects.toThrow('crash');
    world.now += 2000;
    const young = recordMany(world, 'a', 5, 2);
    await createSealer(world.ports()).run();
    const last = checkTree(world, 'a', '2026');
    expect(last.ids).toEqual(old);
    expect(checkTree(world, 'a', '2027', last.note).ids).toEqual(young);
  });

  it('adds nothing to a year that another sealer has ended meanwhile', async () => {
    const world = createWorld('2026-12-31T22:59:59.500Z');
    recordMany(world, 'a', 0, 3);
    await createSealer(world.ports()).run();
    world.now += HOUR;
    // It signs the hour’s checkpoint of the old year; before that is written down, the year is over.
    const slow: Step = async (name, effect) => {
      if (name === 'signer.sign') {
        world.now += 1000;
        await createSealer(world.ports()).run();
      }
      return effect();
    };
    await createSealer(world.ports(slow)).run();
    const last = checkTree(world, 'a', '2026');
    expect(last.seq).toBe(1);
    expect(checkTree(world, 'a', '2027', last.note)).toMatchObject({ seq: 1 });
  });

  it('keeps the order of batches although another sealer’s clock is behind', async () => {
    const world = createWorld('2027-01-01T00:00:01.000Z');
    recordMany(world, 'a', 0, 2);
    await createSealer(world.ports()).run();
    world.now -= 5000;
    const more = recordMany(world, 'a', 2, 2);
    await createSealer(world.ports()).run();
    expect(checkTree(world, 'a', '2027').ids.slice(2)).toEqual(more);
  });
});

describe('what must not be sealed', () => {
  it('is left out and told: changed, forged, of no key, in another place', async () => {
    const world = createWorld();
    const right = world.record('a', 'right');
    const changed = { ...world.record('a', 'changed'), outcome: '0' };
    const forged = { ...world.record('b', 'forged'), mac: { kid: 'b/mac', val: 'AAAA' } };
    const moved = { ...world.record('a', 'moved'), pk: 'b|20260305|1' };
    const [named, unkeyed] = [world.record('c', 'x'), world.record('c', 'unkeyed')];
    const foreign = { ...named, tenantId: 'JANE DOE', id: 'JANE DOE' };
    world.events.splice(0, Infinity, right, changed, forged, moved, foreign, unkeyed, 'DOE', null);
    const ports = world.ports();
    const verifyMac: typeof ports.verifyMac = (tenantId, mac, hash) => {
      if (tenantId === 'c') throw new MedrelayError('KEY_UNKNOWN', 'unknown');
      return ports.verifyMac(tenantId, mac, hash);
    };
    const report = await createSealer({ ...ports, verifyMac }).run();
    expect(Object.fromEntries(report.map((each) => [each.tenantId, [each.sealed, each.refused]]))).toEqual({
      a: [1, 5],
      b: [0, 1],
      c: [0, 1],
    });
    expect(checkTree(world, 'a', '2026').ids).toEqual([right.id]);
    const alarms = [...world.alarms.values()].map(({ tenantId, outcomeCode, ext, entities }) => ({
      tenantId,
      outcomeCode,
      ...ext,
      what: entities.map(({ what }) => what),
    }));
    expect(alarms).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ tenantId: 'a', outcomeCode: 'integrity.refused', modified: 5, forged: 0 }),
        expect.objectContaining({ tenantId: 'b', forged: 1, what: [`AuditEvent/${forged.id}`] }),
        expect.objectContaining({ tenantId: 'c', keyUnknown: 1, what: [`AuditEvent/${unkeyed.id}`] }),
      ]),
    );
    expect(JSON.stringify([[...world.alarms.values()], [...world.log.values()]])).not.toMatch(/DOE/);
  });

  it('is what somebody wrote into the log as if it were waiting to be signed', async () => {
    const world = createWorld();
    recordMany(world, 'a', 0, 3);
    await createSealer(world.ports()).run();
    const { id, mac, leafHash } = storedEvent('a', 'made up', new Date(world.now).toISOString());
    const leaf = { id, day: '20260305', hash: String(leafHash) };
    const at = new Date(world.now).toISOString();
    const shared = { pk: 'a|2026', v: 1, batch: 1, sealedAt: at } as const;
    world.log.set('a|2026/seg-000000000003', {
      ...{ ...shared, id: 'seg-000000000003', kind: 'segment', firstIndex: 3, leaves: [leaf] },
    });
    recordMany(world, 'a', 3, 1);
    recordMany(world, 'b', 0, 1);
    expect(await createSealer(world.ports()).run()).toMatchObject([
      { tenantId: 'a', sealed: 0, problem: { code: 'INTEGRITY_LOG' } },
      { tenantId: 'b', sealed: 1 },
    ]);
    world.log.delete('a|2026/seg-000000000003');
    expect(await createSealer(world.ports()).run()).toContainEqual(
      expect.objectContaining({ tenantId: 'a', sealed: 1 }),
    );

    const newest = [...world.log.values()].findLast((each) => each.kind === 'cursor');
    if (newest?.kind !== 'cursor') throw new Error('There is no batch');
    const forged = { kid: 'a/mac', val: Buffer.alloc(32).toString('base64') };
    const batch = { ...newest, id: `batch-${String(newest.n + 1).padStart(12, '0')}`, n: newest.n + 1 };
    const leaves = [{ ...leaf, mac: forged }];
    world.log.set(`${batch.pk}/${batch.id}`, { ...batch, tenants: [{ id: 'a', leaves }] });
    expect(mac).not.toEqual(forged);
    expect(await createSealer(world.ports()).run()).toContainEqual(
      expect.objectContaining({ tenantId: 'a', sealed: 0, refused: 1 }),
    );
    expect(checkTree(world, 'a', '2026').ids).toHaveLength(4);
  });

  it.each([
    ['was damaged', 'KEY_UNWRAP_FAILED'],
    ['is in a vault that is not the one of the setting', 'KEY_KEEPER_MISSING'],
  ])('waits where a tenant’s key %s; others go on, and so does it with the key', async (_, code) => {
    const world = createWorld();
    const ports = world.ports();
    const damaged = (problem: string) => new MedrelayError(problem, 'damaged');
    const broken: typeof ports = {
      ...ports,
      verifyMac: (tenantId, mac, hash) => {
        if (tenantId === 'b') throw damaged(code);
        return ports.verifyMac(tenantId, mac, hash);
      },
      audit: {
        record: async (event) => {
          if (event.tenantId === 'b') throw damaged('AUDIT_NOT_DURABLE');
          return ports.audit.record(event);
        },
      },
    };
    const a = recordMany(world, 'a', 0, 2);
    const b = recordMany(world, 'b', 0, 2);
    const sealer = createSealer(broken);
    expect(await sealer.run()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ tenantId: 'a', sealed: 2 }),
        expect.objectContaining({ tenantId: 'b', sealed: 0, problem: expect.anything() as unknown }),
      ]),
    );
    world.events.push({ ...storedEvent('b', 'changed', new Date(world.now).toISOString()), outcome: '8' });
    a.push(...recordMany(world, 'a', 2, 1));
    b.push(...recordMany(world, 'b', 2, 1));
    await sealer.run();
    expect(checkTree(world, 'a', '2026').ids).toEqual(a);
    expect(world.sealedIds('b')).toEqual([]);
    await createSealer(ports).run();
    expect(checkTree(world, 'b', '2026').ids).toEqual(b);
    expect([...world.alarms.values()]).toMatchObject([{ tenantId: 'b', outcomeCode: 'integrity.refused' }]);
  });

  it('is what was sealed before: written again as it was it counts once, with other content it is told', async () => {
    const world = createWorld();
    const [one, two] = [world.record('a', 'one'), world.record('a', 'two')];
    await createSealer(world.ports()).run();
    world.now += HOUR;
    const at = String(two['occurredAt']);
    const twoAgain = storedEvent('a', 'two', at, { outcome: '8' });
    // The same id on another day is another document.
    const otherDay = storedEvent('a', 'one', at, { occurredAt: '2026-03-04T09:00:00.000Z' });
    world.events.push(one, twoAgain, otherDay);
    await createSealer(world.ports()).run();
    expect(checkTree(world, 'a', '2026').ids).toEqual([one.id, two.id, one.id]);
    expect([...world.alarms.values()]).toMatchObject([
      { outcomeCode: 'integrity.replaced', entities: [{ what: `AuditEvent/${two.id}` }] },
    ]);
  });

  it('is found again by its name when the batches were set back', async () => {
    const world = createWorld();
    recordMany(world, 'a', 0, 5);
    await createSealer(world.ports()).run();
    recordMany(world, 'a', 5, 5);
    await createSealer(world.ports()).run();
    for (const [key, each] of world.log) if (each.kind === 'cursor') world.log.delete(key);
    const ids = recordMany(world, 'a', 10, 5);
    await createSealer(world.ports()).run();
    expect(checkTree(world, 'a', '2026').ids).toHaveLength(15);
    expect(checkTree(world, 'a', '2026').ids.slice(10)).toEqual(ids);
  });
});

describe('a store that was set back', () => {
  const sealed = async (): Promise<World> => {
    const world = createWorld();
    for (let i = 0; i < 3; i++) {
      recordMany(world, 'a', i * 10, 10);
      recordMany(world, 'b', i * 10, 10);
      await createSealer(world.ports()).run();
      world.now += 60_000;
    }
    return world;
  };
  const remove = (world: World, which: (each: LogDocument) => boolean): void => {
    for (const [key, each] of world.log) if (each.pk.startsWith('a|') && which(each)) world.log.delete(key);
  };
  const cases: [string, (world: World) => void, string][] = [
    [
      'without its newest checkpoint',
      (world) => remove(world, ({ id }) => id.endsWith('3') && id.startsWith('cp')),
      'ROLLBACK',
    ],
    [
      'without anything after the first checkpoint',
      (world) =>
        remove(world, (each) => !('seq' in each && each.seq === 1) && each.id !== 'seg-000000000000'),
      'ROLLBACK',
    ],
    ['without anything', (world) => remove(world, () => true), 'ROLLBACK'],
    ['without its last segment', (world) => remove(world, ({ id }) => id === 'seg-000000000020'), 'LOG'],
    ['without its tiles', (world) => remove(world, ({ kind }) => kind === 'tile'), 'LOG'],
    [
      'with another frontier in its checkpoint',
      (world) =>
        edit(world, (each) => (each.kind === 'checkpoint' ? { ...each, frontier: [each.root] } : each)),
      'LOG',
    ],
    [
      'with another checkpoint than was published',
      (world) =>
        edit(world, (each) => (each.kind === 'checkpoint' ? { ...each, note: `${each.note}\n` } : each)),
      'ROLLBACK',
    ],
    [
      'with a checkpoint of somebody else’s',
      (world) => {
        const newest = [...world.log.values()].findLast((each) => each.kind === 'checkpoint');
        if (newest?.kind !== 'checkpoint') throw new Error('There is no checkpoint');
        const note = newest.note.replace('— test-seal', '— stranger');
        world.log.set('a|2026/cp-000000000004', {
          ...newest,
          pk: 'a|2026',
          id: 'cp-000000000004',
          seq: 4,
          note,
        });
      },
      'LOG',
    ],
  ];
  function edit(world: World, change: (each: LogDocument) => LogDocument): void {
    for (const [key, each] of world.log) if (each.pk.startsWith('a|')) world.log.set(key, change(each));
  }

  it.each(cases)('%s is not signed any more and told each day; others go on', async (_, damage, code) => {
    const world = await sealed();
    const before = world.anchors.size;
    damage(world);
    const segments = world.sealedIds('a').length;
    recordMany(world, 'a', 30, 1);
    recordMany(world, 'b', 30, 1);
    const ports = world.ports();
    const sealer = createSealer(ports);
    for (let i = 0; i < 3; i++) {
      const report = await sealer.run();
      expect(report).toContainEqual(
        expect.objectContaining({
          tenantId: 'a',
          problem: expect.objectContaining({ code: `INTEGRITY_${code}` }),
        }),
      );
      recordMany(world, 'b', 31 + i, 1);
      world.now += 60_000;
    }
    expect([...world.anchors.keys()].filter((path) => path.startsWith('a/'))).toHaveLength(3);
    expect(world.anchors.size).toBeGreaterThan(before);
    if (code === 'ROLLBACK') expect(world.sealedIds('a')).toHaveLength(segments);
    expect(checkTree(world, 'b', '2026').ids).toHaveLength(33);
    expect([...world.alarms.values()]).toMatchObject([
      { tenantId: 'a', outcome: '8', outcomeCode: code === 'LOG' ? 'integrity.log' : 'integrity.rollback' },
    ]);
    expect(await sealStatus(ports)).toMatchObject({ stopped: ['a'] });
    world.now += 24 * HOUR;
    await sealer.run();
    expect(world.alarms.size).toBe(2);
  });

  it('goes on with all that waited once it is as it was', async () => {
    const world = await sealed();
    const copy = new Map(world.log);
    remove(world, ({ id }) => id === 'cp-000000000003');
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push(...recordMany(world, 'a', 30 + i * 2, 2));
      recordMany(world, 'b', 30 + i, 1);
      await createSealer(world.ports()).run();
    }
    for (const [key, each] of copy) world.log.set(key, each);
    await createSealer(world.ports()).run();
    expect(checkTree(world, 'a', '2026').ids.slice(30)).toEqual(ids);
    expect(await sealStatus(world.ports())).toMatchObject({ isOverdue: false });
  });
});

it('tells how long events wait', async () => {
  const world = createWorld();
  expect(await sealStatus(world.ports())).toEqual({
    newestCheckpoint: undefined,
    backlogSeconds: 0,
    isOverdue: false,
    stopped: [],
  });
  recordMany(world, 'a', 0, 1);
  world.now += 119_000;
  expect(await sealStatus(world.ports())).toMatchObject({ backlogSeconds: 119, isOverdue: false });
  world.now += 2_000;
  expect(await sealStatus(world.ports())).toMatchObject({ backlogSeconds: 121, isOverdue: true });
  // Written down, and its sealer gone.
  await expect(createSealer(world.ports(crashAt('signer.sign'))).run()).rejects.toThrow('crash');
  world.now += 121_000;
  expect(await sealStatus(world.ports())).toMatchObject({ backlogSeconds: 121, isOverdue: true });
  await createSealer(world.ports()).run();
  expect(await sealStatus(world.ports())).toMatchObject({
    newestCheckpoint: new Date(world.now).toISOString(),
    backlogSeconds: 0,
    isOverdue: false,
  });
});

/** The n-th call of a port (or of one by name) fails; `lost`: after it took effect. Then nothing works any more. */
function crashAt(which: number | string, fate: 'before' | 'lost' = 'before'): Step {
  let calls = 0;
  let isGone = false;
  return async (name, effect) => {
    await Promise.resolve();
    calls += 1;
    if (isGone) throw new Error('crash');
    if (calls !== which && name !== which) return effect();
    isGone = true;
    if (fate === 'lost') effect();
    throw new Error('crash');
  };
}

describe('whatever happens', () => {
  const prepare = (): World => {
    const world = createWorld('2026-12-31T23:59:58.000Z');
    recordMany(world, 'a', 0, 6);
    recordMany(world, 'b', 0, 2);
    return world;
  };
  /** Two runs in the old year, two in the new one; the third finds a forged event. */
  const script = async (world: World, run: (turn: number) => Promise<unknown>): Promise<void> => {
    for (let turn = 0; turn < 4; turn++) {
      await run(turn);
      recordMany(world, turn % 2 === 0 ? 'a' : 'c', 300 + turn, 1);
      if (turn === 1) world.events.push({ ...world.record('b', 'forged'), outcome: 'changed' });
      world.now += 1000;
    }
    await createSealer(world.ports()).run();
  };
  const roots = (world: World): object =>
    Object.fromEntries(
      ['a', 'b', 'c'].map((tenantId) => {
        const old = world.anchors.has(`${tenantId}/2026/000000000001`)
          ? checkTree(world, tenantId, '2026')
          : { note: '', ids: [] };
        const young = checkTree(world, tenantId, '2027', old.note);
        return [tenantId, [old.ids, young.ids]];
      }),
    );

  it('a sealer may end at every call: the next one makes the same trees', async () => {
    const plain = prepare();
    let calls = 0;
    await script(plain, () => createSealer(plain.ports(async (_, effect) => (calls++, effect()))).run());
    const expected = roots(plain);
    expect(calls).toBeGreaterThan(60);
    const perRun = Math.ceil(calls / 2);
    for (let at = 1; at <= perRun; at++) {
      for (const fate of ['before', 'lost'] as const) {
        const world = prepare();
        await script(world, async () => {
          await createSealer(world.ports(crashAt(at, fate)))
            .run()
            .catch((error: Error) => expect(error.message).toBe('crash'));
          // Its successor, before anything else happens.
          await createSealer(world.ports()).run();
        });
        expect(roots(world)).toEqual(expected);
        expect(world.alarms.size).toBe(plain.alarms.size);
      }
    }
  });

  it('sealers beside each other, in every order of their calls, lose nothing and seal nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 0, max: 60 }), async (scheduler, crash) => {
        const world = createWorld('2026-12-31T23:59:58.000Z');
        const expected = {
          a: recordMany(world, 'a', 0, 5),
          b: recordMany(world, 'b', 0, 3),
          c: [] as string[],
        };
        const scheduled =
          (inner: Step): Step =>
          (name, effect) =>
            scheduler.schedule(Promise.resolve(), name).then(() => inner(name, effect));
        const immediately: Step = async (_, effect) => effect();
        const sealers = [immediately, immediately, crashAt(crash)].map((step) =>
          createSealer(world.ports(scheduled(step))),
        );
        const meanwhile = scheduler.scheduleSequence(
          [1, 2, 3, 4].map((n) => async () => {
            expected.c.push(...recordMany(world, 'c', n, 1));
            expected.a.push(...recordMany(world, 'a', 10 + n, 2));
            world.now += 700;
            return Promise.resolve();
          }),
        );
        const runs = sealers.map(async (sealer) => {
          for (let i = 0; i < 2; i++) await sealer.run();
        });
        await Promise.all([
          scheduler.waitFor(Promise.allSettled(runs)).then((results) => {
            for (const each of results)
              if (each.status === 'rejected') expect((each.reason as Error).message).toBe('crash');
          }),
          meanwhile.task,
        ]);
        await createSealer(world.ports()).run();
        for (const [tenantId, ids] of Object.entries(expected)) {
          const old = world.anchors.has(`${tenantId}/2026/000000000001`)
            ? checkTree(world, tenantId, '2026')
            : { note: '', ids: [] };
          const young = checkTree(world, tenantId, '2027', old.note);
          expect([...old.ids, ...young.ids].sort()).toEqual([...ids].sort());
        }
        expect(world.alarms.size).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});
