import type { Delivery } from '../../../src/lib/ingest';
import { processBody } from '../../../src/lib/ingest/process-body';
import { Away, MemoryWorld } from './memory-ports';
import { adt, delivery, oru } from './messages';

interface Step {
  readonly body: string;
  readonly delivery: Delivery;
}

/** What happened before, undisturbed, and the delivery that is disturbed at every point. */
const scenarios: Record<string, { readonly before: readonly Step[]; readonly step: Step }> = {
  admission: { before: [], step: { body: adt(), delivery: delivery('d1') } },
  'result after an admission': {
    before: [{ body: adt(), delivery: delivery('d1') }],
    step: { body: oru(), delivery: delivery('d2') },
  },
  update: {
    before: [{ body: adt(), delivery: delivery('d1') }],
    step: {
      body: adt({ controlId: 'A2', family: 'Neu', time: '20261118090000-0500' }),
      delivery: delivery('d2'),
    },
  },
  'late message': {
    before: [{ body: adt(), delivery: delivery('d1') }],
    step: {
      body: adt({ controlId: 'A2', family: 'Alt', time: '20261117090000-0500' }),
      delivery: delivery('d2'),
    },
  },
  rejection: { before: [], step: { body: adt({ controlId: '' }), delivery: delivery('d1') } },
  duplicate: {
    before: [{ body: adt(), delivery: delivery('d1') }],
    step: { body: adt(), delivery: delivery('d2') },
  },
  conflict: {
    before: [{ body: adt(), delivery: delivery('d1') }],
    step: { body: adt({ family: 'Other' }), delivery: delivery('d2') },
  },
  'batch with everything': {
    before: [{ body: adt(), delivery: delivery('d1') }],
    step: {
      body: [adt(), oru(), oru(), oru({ family: 'Other' }), adt({ controlId: '' })].join(''),
      delivery: delivery('d2'),
    },
  },
  'replay of a rejection': {
    before: [{ body: adt().replace('|P|2.5.1', '|T|2.5.1'), delivery: delivery('d1') }],
    step: { body: adt().replace('|P|2.5.1', '|T|2.5.1'), delivery: delivery('d2', { isReplay: true }) },
  },
};

async function worldAfter(steps: readonly Step[]): Promise<MemoryWorld> {
  const world = new MemoryWorld();
  for (const { body, delivery: of } of steps) await processBody(Buffer.from(body), of, world.ports());
  return world;
}

describe.each(Object.entries(scenarios))('%s', (_name, { before, step }) => {
  test.each(['before', 'after'] as const)(
    'a crash %s any call ends in the same state on redelivery',
    async (when) => {
      const undisturbed = (await worldAfter([...before, step])).snapshot();
      let crashAt = 0;
      for (let hasCrashed = true; hasCrashed;) {
        crashAt++;
        const world = await worldAfter(before);
        let calls = 0;
        hasCrashed = false;
        world.around = async (_call, effect) => {
          // A dead process makes no further calls; those under way with the fatal one may land or not.
          if (hasCrashed) throw new Error('dead');
          if (++calls !== crashAt) return effect();
          if (when === 'after') await effect();
          hasCrashed = true;
          throw new Error('crash');
        };
        await processBody(Buffer.from(step.body), step.delivery, world.ports()).catch(() => undefined);
        world.around = (_call, effect) => effect();
        await processBody(Buffer.from(step.body), step.delivery, world.ports());
        expect({ crashAt, state: world.snapshot() }).toEqual({ crashAt, state: undisturbed });
      }
      expect(crashAt).toBeGreaterThan(4);
    },
  );

  test('a lost answer at any call is repeated to the same state within one invocation', async () => {
    const undisturbed = (await worldAfter([...before, step])).snapshot();
    let at = 0;
    for (let wasLost = true; wasLost;) {
      at++;
      const world = await worldAfter(before);
      let calls = 0;
      wasLost = false;
      world.around = async (_call, effect) => {
        const result = await effect();
        if (++calls !== at) return result;
        wasLost = true;
        throw new Away();
      };
      await processBody(Buffer.from(step.body), step.delivery, world.ports());
      expect({ at, state: world.snapshot() }).toEqual({ at, state: undisturbed });
    }
    expect(at).toBeGreaterThan(4);
  });

  test('two deliveries of it at once end in one outcome each', async () => {
    const world = await worldAfter(before);
    const again = { ...step.delivery, origin: 'd9' };
    await Promise.all([
      processBody(Buffer.from(step.body), step.delivery, world.ports()),
      processBody(Buffer.from(step.body), again, world.ports()),
    ]);
    const open = world
      .documents()
      .filter(({ status }) => ['received', 'converted', 'stored'].includes(status));
    expect(open).toEqual([]);
    const byOrigin = (origin: string) =>
      world.documents().filter((document) => document.origin === origin).length;
    expect(byOrigin('d9')).toBe(byOrigin(step.delivery.origin));
  });
});
