import * as fc from 'fast-check';
import type { Account, Encounter, Observation, Patient } from 'fhir/r4';
import { convertMessage, defaultProfile } from '../../../src/lib/convert';
import { createFhirStore, type FhirStore, type SourceMessage } from '../../../src/lib/fhir';
import { parseMessage } from '../../../src/lib/hl7';
import { MemoryContainer } from './memory-container';

/** Messages as they are sent, over the converter into the store. */
interface Sent {
  readonly segments: readonly string[];
  readonly minute: number;
}

const cx = (value: string): string => `${value}^^^GENERAL^MR`;
const person = (mrn: string): string => `PID|||${cx(mrn)}||Name${mrn}`;
const merge = (to: string, from: string, minute: number): Sent => ({
  segments: ['ADT^A40', person(to), `MRG|${cx(from)}`],
  minute,
});
const visitOf = (mrn: string, event: string, minute: number, visit = '20240101'): Sent => ({
  segments: [`ADT^${event}`, person(mrn), `PV1||I|||||||||||||||||V1^^^GENERAL${'|'.repeat(25)}${visit}`],
  minute,
});
const moveVisit = (to: string, from: string, minute: number): Sent => ({
  segments: ['ADT^A45', person(to), `MRG|${cx(from)}||||V1^^^GENERAL`],
  minute,
});
const moveAccount = (to: string, from: string, minute: number): Sent => ({
  segments: ['ADT^A44', `${person(to)}|||||||||||||ACC^^^GENERAL`, `MRG|${cx(from)}||ACC^^^GENERAL`],
  minute,
});
const result = (mrn: string, minute: number): Sent => ({
  segments: ['ORU^R01', person(mrn), `OBR|1||F${minute}^LAB|24323-8^Panel^LN`, 'OBX|1|NM|1^x^L||5||||||F'],
  minute,
});

const messageOf = ({ minute }: Sent): SourceMessage => ({
  tenantId: 'demo',
  messageKey: `m${minute}`,
  sourceTime: `2026-03-01T10:${String(minute).padStart(2, '0')}:00.000Z`,
});

function send(store: FhirStore, sent: Sent): Promise<unknown> {
  const [event = '', ...rest] = sent.segments;
  const header = `MSH|^~\\&|ADT|GENERAL|||20260301||${event}|C${sent.minute}|P|2.5.1`;
  const message = parseMessage([header, ...rest].join('\r'));
  return store.storeBundle(
    convertMessage(message, { tenantId: 'demo', profile: defaultProfile }),
    messageOf(sent),
  );
}

async function after(messages: readonly Sent[]) {
  const container = new MemoryContainer();
  const store = createFhirStore(container);
  for (const sent of messages) await send(store, sent);
  return { container, store };
}

const search = async <T>(store: FhirStore, type: string, patientMrn: string): Promise<T[]> =>
  (await store.searchResources('demo', { type, patientMrn })) as unknown as T[];
const patientsOf = (container: MemoryContainer): Patient[] =>
  container.all('current').flatMap(({ resource }) => (resource.resourceType === 'Patient' ? [resource] : []));
const mrnOf = (container: MemoryContainer, reference: string | undefined): string | undefined =>
  patientsOf(container).find(({ id }) => `Patient/${id}` === reference)?.identifier?.[0]?.value;
const relations = (container: MemoryContainer): string[] =>
  patientsOf(container)
    .flatMap(({ identifier, active, link = [] }) => [
      `${identifier?.[0]?.value} ${active}`,
      ...link.map(
        ({ other, type }) => `${identifier?.[0]?.value} ${type} ${mrnOf(container, other.reference)}`,
      ),
    ])
    .sort();

/** What is the case now; a message that once changed nothing may leave a trace in history when it comes again. */
const states = (container: MemoryContainer): unknown => [
  ...container.all('current'),
  ...container.all('moved'),
];

describe('merges', () => {
  test('two patients who are not known yet: the survivor is written first', async () => {
    const { container } = await after([merge('1', '2', 1)]);
    expect(relations(container)).toEqual(['1 replaces 2', '1 true', '2 false', '2 replaced-by 1']);
    const order = container.commits
      .flat()
      .flatMap(({ document: { resource } }) =>
        resource.resourceType === 'Patient' ? [resource.active] : [],
      );
    expect(order.indexOf(false)).toBeGreaterThan(order.indexOf(true));
  });

  test('the retired record keeps what it said, and a later word on it does not bring it back', async () => {
    const { container, store } = await after([
      visitOf('2', 'A01', 1),
      merge('1', '2', 2),
      visitOf('2', 'A08', 3),
    ]);
    expect(relations(container)).toContain('2 false');
    expect(await search<Patient>(store, 'Patient', '2')).toMatchObject([
      { name: [{ family: 'Name2' }], active: false },
      { name: [{ family: 'Name1' }], active: true },
    ]);
  });

  test('repeated and reversed', async () => {
    const { container } = await after([merge('1', '2', 1), merge('1', '2', 2), merge('2', '1', 3)]);
    expect(relations(container)).toEqual(['1 false', '1 replaced-by 2', '2 replaces 1', '2 true']);
    expect(patientsOf(container).find(({ active }) => active)?.identifier).toEqual([
      expect.not.objectContaining({ use: 'old' }),
    ]);
  });

  test('results of a retired record stay there and are found from every record of the person', async () => {
    const { container, store } = await after([
      merge('1', '2', 1),
      result('2', 2),
      result('1', 3),
      result('9', 4),
    ]);
    for (const mrn of ['1', '2']) {
      const found = await search<Observation>(store, 'Observation', mrn);
      expect(found.map(({ subject }) => mrnOf(container, subject?.reference)).sort()).toEqual(['1', '2']);
    }
    expect(await search(store, 'Observation', '9')).toHaveLength(1);
  });

  test('a circle of merges does not loop', async () => {
    const { container, store } = await after([
      merge('1', '2', 1),
      merge('3', '1', 2),
      merge('2', '3', 3),
      result('1', 4),
    ]);
    expect(await search(store, 'Observation', '2')).toHaveLength(1);
    expect(await search(store, 'Patient', '1')).toHaveLength(3);
    expect(relations(container)).toEqual(expect.arrayContaining(['1 false', '2 true', '3 false']));
  });

  test('link and unlink, in either order of arrival', async () => {
    const link: Sent = { segments: ['ADT^A24', person('1'), person('2')], minute: 1 };
    const unlink: Sent = { segments: ['ADT^A37', person('1'), person('2')], minute: 2 };
    const third: Sent = { segments: ['ADT^A24', person('1'), person('3')], minute: 1 };
    expect(relations((await after([link])).container)).toContain('1 seealso 2');
    for (const order of [
      [third, link, unlink],
      [unlink, third, { ...link, minute: 0 }],
    ]) {
      const { container } = await after(order);
      expect(relations(container).filter((line) => line.includes('seealso'))).toEqual([
        '1 seealso 3',
        '3 seealso 1',
      ]);
    }
  });
});

describe('documents', () => {
  const mdm = (event: string, txa: string, minute: number, ...obx: readonly string[]): Sent => ({
    segments: [`MDM^${event}`, person('1'), txa, ...obx],
    minute,
  });
  const text = (words: string): string => `OBX|1|TX|A||${words}||||||F`;
  const original = mdm('T02', 'TXA|1|DS||||||||||D1^DOCS', 1, text('first'));
  const replacement = mdm('T10', 'TXA|1|DS||||||||||D2^DOCS|D1^DOCS', 2, text('second'));
  const notified = mdm('T03', 'TXA|1|DS|TX|||||||||D2^DOCS||||LA', 3);
  const documents = (container: MemoryContainer): unknown =>
    container
      .all('current')
      .flatMap(({ resource }) => (resource.resourceType === 'DocumentReference' ? [resource] : []))
      .map(({ status, masterIdentifier, content }) => [
        masterIdentifier?.value,
        status,
        Buffer.from(content[0]?.attachment.data ?? '', 'base64').toString(),
      ])
      .sort();

  test.each([
    ['in order', [original, replacement]],
    ['the replaced one late', [replacement, original]],
    ['each twice', [original, replacement, original, replacement]],
    ['and a notice without content', [notified, replacement, original]],
  ])('a replaced document is superseded and keeps what it holds: %s', async (_, messages) => {
    const { container } = await after(messages);
    expect(documents(container)).toEqual([
      ['D1', 'superseded', 'first'],
      ['D2', 'current', 'second'],
    ]);
  });

  test('one that nobody sent is superseded and empty', async () => {
    const { container } = await after([replacement]);
    expect(documents(container)).toEqual([
      ['D1', 'superseded', ''],
      ['D2', 'current', 'second'],
    ]);
  });
});

describe('moves', () => {
  test('a visit goes with all that was known of it; the patient before has it no more', async () => {
    const { container, store } = await after([visitOf('2', 'A01', 1), moveVisit('1', '2', 2)]);
    const [encounter, ...others] = await search<Encounter>(store, 'Encounter', '1');
    expect(others).toEqual([]);
    expect(encounter).toMatchObject({
      status: 'in-progress',
      class: { code: 'IMP' },
      period: { start: '2024-01-01' },
    });
    expect(mrnOf(container, encounter?.subject?.reference)).toBe('1');
    expect(await search(store, 'Encounter', '2')).toEqual([]);
    expect(await store.getResource('demo', 'Encounter', encounter?.id ?? '')).toEqual(encounter);
  });

  test('a late word on the patient before does not bring it back there', async () => {
    const { store } = await after([moveVisit('1', '2', 2), visitOf('2', 'A01', 1)]);
    expect(await search(store, 'Encounter', '1')).toHaveLength(1);
    expect(await search(store, 'Encounter', '2')).toEqual([]);
  });

  test('there and back, and each of it again', async () => {
    const there = moveVisit('1', '2', 2);
    const back = moveVisit('2', '1', 3);
    const { container, store } = await after([visitOf('2', 'A01', 1), there, back]);
    const before = container.snapshot();
    await send(store, there);
    await send(store, back);
    expect(container.snapshot()).toEqual(before);
    expect(await search(store, 'Encounter', '1')).toEqual([]);
    expect(await search(store, 'Encounter', '2')).toMatchObject([{ period: { start: '2024-01-01' } }]);
  });

  test('an account', async () => {
    const { container, store } = await after([moveAccount('1', '2', 1)]);
    const [account] = await search<Account>(store, 'Account', '1');
    expect(mrnOf(container, account?.subject?.[0]?.reference)).toBe('1');
    expect(await search(store, 'Account', '2')).toEqual([]);
  });
});

test('an update that does not know the status or the class leaves them', async () => {
  const update: Sent = {
    segments: ['ADT^A08', person('1'), 'PV1|||||||||||||||||||V1^^^GENERAL'],
    minute: 2,
  };
  for (const order of [
    [visitOf('1', 'A03', 1), update],
    [update, visitOf('1', 'A03', 1)],
  ]) {
    const { store } = await after(order);
    expect(await search(store, 'Encounter', '1')).toMatchObject([
      { status: 'finished', class: { code: 'IMP' } },
    ]);
  }
});

test('a cancelled discharge takes its time back', async () => {
  const discharge: Sent = visitOf('1', 'A03', 1, '20240101|20240105');
  const { store } = await after([discharge, visitOf('1', 'A13', 2)]);
  const [encounter] = await search<Encounter>(store, 'Encounter', '1');
  expect(encounter).toMatchObject({ status: 'in-progress', period: { start: '2024-01-01' } });
  expect(encounter?.period).not.toHaveProperty('end');
});

test.each([
  ['merge', [visitOf('2', 'A01', 1), result('2', 2)], merge('1', '2', 3)],
  ['move', [visitOf('2', 'A01', 1)], moveVisit('1', '2', 3)],
])(
  'a crash after any call of a %s ends in the same documents on the next run',
  async (_name, earlier, last) => {
    const whole = (await after([...earlier, last])).container.snapshot();
    for (const when of ['before', 'after'] as const) {
      for (let crashAt = 1; ; crashAt++) {
        const { container, store } = await after(earlier);
        let calls = 0;
        const crashing =
          <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
          async (...args: A): Promise<R> => {
            const isHere = ++calls === crashAt;
            if (isHere && when === 'before') throw new Error('crash');
            const value = await call(...args);
            if (isHere) throw new Error('crash');
            return value;
          };
        container.read = crashing(container.read);
        container.commit = crashing(container.commit);
        const outcome = await send(store, last).then(
          () => 'finished',
          () => 'crashed',
        );
        calls = Infinity;
        await send(store, last);
        expect(container.snapshot()).toEqual(whole);
        if (outcome === 'finished') {
          expect(crashAt).toBeGreaterThan(4);
          break;
        }
      }
    }
  },
);

test('any merges, moves, links and unlinks in any order of arrival, each more than once, end alike', async () => {
  const mrn = fc.constantFrom('1', '2', '3');
  const pair = fc.tuple(mrn, mrn).filter(([a, b]) => a !== b);
  const kinds = {
    merge,
    moveVisit,
    link: (a: string, b: string, minute: number): Sent => ({
      segments: ['ADT^A24', person(a), person(b)],
      minute,
    }),
    unlink: (a: string, b: string, minute: number): Sent => ({
      segments: ['ADT^A37', person(a), person(b)],
      minute,
    }),
  };
  const event = fc.tuple(fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])), pair);
  const scenario = fc.array(event, { minLength: 1, maxLength: 6 }).chain((events) =>
    fc.record({
      messages: fc.constant(events.map(([kind, [a, b]], i) => kinds[kind](a, b, i + 1))),
      order: fc.shuffledSubarray([...events.keys()], { minLength: events.length }),
      again: fc.array(fc.nat({ max: events.length - 1 }), { maxLength: 3 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(scenario, async ({ messages, order, again }) => {
      const inOrder = (await after(messages)).container;
      const pick = (i: number): Sent[] => messages.slice(i, i + 1);
      const { container, store } = await after(order.flatMap(pick));
      expect(relations(container)).toEqual(relations(inOrder));
      for (const { id, link = [] } of patientsOf(container)) {
        const others = link.map(({ other }) => other.reference);
        expect(others).not.toContain(`Patient/${id}`);
        expect(new Set(others).size).toBe(others.length);
      }
      const before = states(container);
      for (const i of again) for (const sent of pick(i)) await send(store, sent);
      expect(states(container)).toEqual(before);
      // Ends, whatever the links.
      for (const one of ['1', '2', '3']) await search(store, 'Patient', one);
    }),
    { numRuns: 200 },
  );
});
