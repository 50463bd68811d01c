import * as fc from 'fast-check';
import type { FhirResource } from 'fhir/r4';
import { createFhirStore, type Statements } from '../../../src/lib/fhir';
import { MemoryContainer } from './memory-container';

/** What one message says of a patient: element -> value, null for a deletion (`""`). */
interface Said {
  readonly isMention: boolean;
  readonly elements: Readonly<Record<string, string | null>>;
}

const elements = ['gender', 'birthDate', 'deceased', 'language', 'home', 'work'] as const;
const isPart = (element: string): boolean => element === 'home' || element === 'work';
const property = (element: string, value: string): Record<string, unknown> => {
  if (isPart(element)) return { telecom: [{ use: element, value }] };
  if (element === 'deceased')
    return value === 'a' ? { deceasedBoolean: true } : { deceasedDateTime: `2026-0${value.length}-01` };
  return { [element]: value };
};

const said: fc.Arbitrary<Said> = fc.record({
  isMention: fc.boolean(),
  elements: fc
    .dictionary(fc.constantFrom(...elements), fc.option(fc.constantFrom('a', 'bb', 'ccc')), {
      noNullPrototype: true,
    })
    // A part of a list is not deleted alone: `""` in PID-13 deletes the list.
    .map((all) =>
      Object.fromEntries(Object.entries(all).filter(([name, value]) => value !== null || !isPart(name))),
    ),
});

const timeOf = (index: number): string => `2026-03-01T10:0${index}:00.000Z`;

function statements({ isMention, elements }: Said): Statements {
  const values = Object.entries(elements).flatMap(([name, value]) =>
    value === null ? [] : [property(name, value)],
  );
  const resource = together(values) as unknown as FhirResource;
  const entry = 'urn:uuid:p';
  return {
    bundle: { resourceType: 'Bundle', type: 'transaction', entry: [{ fullUrl: entry, resource }] },
    deletions: Object.entries(elements).flatMap(([element, value]) =>
      value === null ? [{ entry, element }] : [],
    ),
    mentions: isMention ? [entry] : [],
  };
}

function together(values: readonly Record<string, unknown>[]): Record<string, unknown> {
  const telecom = values.flatMap((value) => (Array.isArray(value['telecom']) ? value['telecom'] : []));
  return Object.assign({ resourceType: 'Patient', id: 'p' }, ...values, telecom.length > 0 && { telecom });
}

async function outcome(messages: readonly Said[], order: readonly number[]): Promise<unknown> {
  const container = new MemoryContainer();
  const store = createFhirStore(container);
  for (const i of order) {
    const message = messages[i];
    if (message)
      await store.storeBundle(statements(message), {
        tenantId: 't',
        messageKey: `m${i}`,
        sourceTime: timeOf(i),
      });
  }
  const content: Record<string, unknown> = { ...container.all('current')[0]?.resource };
  delete content['meta'];
  // The parts of a list stand in order of arrival.
  const { telecom } = content;
  if (!Array.isArray(telecom)) return content;
  return { ...content, telecom: telecom.toSorted((a, b) => (String(a.use) < String(b.use) ? -1 : 1)) };
}

/** Element by element: those who are about the patient before those who mention it, then the latest. */
function expected(messages: readonly Said[]): unknown {
  const winners = elements.map((element) => {
    const speakers = messages.filter((message) => Object.hasOwn(message.elements, element));
    const last = speakers.findLast(({ isMention }) => !isMention) ?? speakers.at(-1);
    const value = last?.elements[element];
    return typeof value === 'string' ? property(element, value) : {};
  });
  return together(winners);
}

test('whatever the order of arrival, the latest statement of each element stands', async () => {
  const scenario = fc
    // A mention that repeats what is known leaves no stamp, so an older mention could still change it: known, and
    // left out here by giving every mention its own elements to speak of.
    .array(said, { minLength: 1, maxLength: 6 })
    .filter((messages) => messages.filter(({ isMention }) => isMention).length <= 1)
    .chain((messages) =>
      fc.record({
        messages: fc.constant(messages),
        order: fc.shuffledSubarray([...messages.keys()], { minLength: messages.length }),
      }),
    );
  await fc.assert(
    fc.asyncProperty(scenario, async ({ messages, order }) => {
      expect(await outcome(messages, order)).toEqual(expected(messages));
    }),
    { numRuns: 500 },
  );
});

test('a late update still adds what nobody newer spoke of', async () => {
  const admission = { isMention: false, elements: { gender: 'a', birthDate: 'a' } };
  const update = { isMention: false, elements: { birthDate: 'bb', gender: null } };
  const discharge = { isMention: false, elements: { language: 'a' } };
  const content = await outcome([admission, update, discharge], [2, 0, 1]);
  expect(content).toEqual({ resourceType: 'Patient', id: 'p', birthDate: 'bb', language: 'a' });
});

test('a deleted list loses all its parts but those stated with or after the deletion', async () => {
  const container = new MemoryContainer();
  const store = createFhirStore(container);
  const say = (
    telecom: object[] | undefined,
    deletes: boolean,
    messageKey: string,
    minute: number,
  ): Promise<unknown> =>
    store.storeBundle(
      {
        bundle: {
          resourceType: 'Bundle',
          type: 'transaction',
          entry: [
            {
              fullUrl: 'urn:uuid:p',
              resource: { resourceType: 'Patient', id: 'p', ...(telecom && { telecom }) },
            },
          ],
        },
        deletions: deletes ? [{ entry: 'urn:uuid:p', element: 'telecom' }] : [],
        mentions: [],
      },
      { tenantId: 't', messageKey, sourceTime: timeOf(minute) },
    );
  await say(
    [
      { use: 'home', value: '1' },
      { use: 'mobile', value: '2' },
    ],
    false,
    'm1',
    1,
  );
  await say([{ use: 'work', value: '3' }], true, 'm3', 3);
  await say([{ use: 'home', value: '4' }], false, 'm2', 2);
  expect(container.all('current')[0]?.resource).toMatchObject({ telecom: [{ use: 'work', value: '3' }] });
});
