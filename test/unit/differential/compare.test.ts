import type { Bundle } from 'fhir/r4';
import { convertMessage, defaultProfile } from '../../../src/lib/convert';
import { parseMessage } from '../../../src/lib/hl7';
import { compare } from '../../../tools/differential/compare';
import { reasonFor, unusedReasons } from '../../../tools/differential/reasons';

/** The comparison has to fail where another converter states what ours does not. */
const message = parseMessage(
  [
    'MSH|^~\\&|LAB|GENERAL|||20240105101500-0500||ORU^R01^ORU_R01|C1|P|2.5.1',
    'PID|1||100^^^GENERAL^MR||Sample^Ada||19800102|F',
    'OBR|1||F1^LAB|24323-8^Panel^LN|||20240105093000-0500||||||||||||||||||F',
    'OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L^^UCUM|3.5-5.1||||F|||20240105094500-0500||77^Ames',
  ].join('\r'),
);
const ours = convertMessage(message, { tenantId: 'demo', profile: defaultProfile });

/** What another converter made: our own Bundle, with one change in it. */
function theirs(change: (json: string) => string): Bundle {
  return JSON.parse(change(JSON.stringify(ours.bundle))) as Bundle;
}
const against = (bundle: Bundle): string[] =>
  compare(message, bundle, ours).disagreements.map(({ what }) => what);

const without = (type: string): typeof ours => ({
  ...ours,
  bundle: {
    ...ours.bundle,
    entry: (ours.bundle.entry ?? []).filter(({ resource }) => resource?.resourceType !== type),
  },
});

test('the same is the same', () => {
  const { disagreements, tally } = compare(message, ours.bundle, ours);
  expect(disagreements).toEqual([]);
  expect(tally).toMatchObject({ elsewhere: 0, theirOwn: 0, disagreeing: 0 });
  expect(tally.equal).toBeGreaterThan(30);
});

test('a resource that we do not make', () => {
  const found = compare(message, ours.bundle, without('Observation')).disagreements.map(({ what }) => what);
  expect(found).toContain('Observation is not made');
  expect(found).toContain('Observation.valueQuantity.value is lost, OBX-5 carried');
});

test('fewer resources than theirs', () => {
  const more = theirs((json) => json);
  const observation = more.entry?.find(({ resource }) => resource?.resourceType === 'Observation');
  if (observation !== undefined) more.entry?.push(observation);
  expect(against(more)).toEqual(['Observation: fewer are made']);
});

test('a value of the message in an element where ours has another', () => {
  const named = theirs((json) => json.replace('"family":"Sample"', '"family":"Ames"'));
  expect(against(named)).toEqual(['Patient.name.family has another value']);
});

test('a code that was decided otherwise', () => {
  const amended = theirs((json) => json.replaceAll('"status":"final"', '"status":"amended"'));
  expect(against(amended).sort()).toEqual([
    'DiagnosticReport.status is decided otherwise',
    'Observation.status is decided otherwise',
  ]);
});

test('a value that stands in our Bundle by chance, from a field that nobody read', () => {
  const unread = parseMessage(
    'MSH|^~\\&|LAB|GENERAL|||20240105||ADT^A08|C1|P|2.5.1\rPID|1||100||A^B\rXYZ|Sample',
  );
  const entries = [{ location: 'XYZ[1]-1[1]', fate: 'unknown' as const, detail: undefined }];
  const ledger = { carried: 0, kept: 0, unknown: 1, entries } as unknown as typeof ours.ledger;
  const person: Bundle = {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [{ resource: { resourceType: 'Person', name: [{ family: 'Sample' }] } }],
  };
  const found = compare(unread, person, { ...ours, ledger }).disagreements.map(({ what }) => what);
  expect(found).toEqual(['Person is not made', 'Person.name.family is lost, XYZ-1 unknown']);
});

test.each([
  ['a zone of its own is no difference', '2024-01-05T20:15:00+05:30', []],
  ['another day is one', '2024-01-09T09:45:00-05:00', ['Observation.effectiveDateTime']],
])('%s', (_, time, elements) => {
  const shifted = theirs((json) => json.replace('2024-01-05T09:45:00-05:00', time));
  const other = parseMessage(
    'MSH|^~\\&|LAB|GENERAL|||20240105||ADT^A08|C1|P|2.5.1\rPID|1||100||A^B\rXYZ|20240109',
  );
  const { disagreements } = compare(elements.length === 0 ? message : other, shifted, ours);
  const paths = disagreements.map(({ what }) => what.split(' ')[0]);
  expect(paths).toEqual(elements);
});

describe('reasons', () => {
  const by = 'microsoft';

  test.each([
    'Observation is lost',
    'Observation.valueQuantity.value is lost, OBX-5 carried',
    'Observation.valueQuantity.value has another value',
    'Patient.birthDate has another value',
    'Patient.gender is decided otherwise',
    'AllergyIntolerance is not made',
    'Immunization: fewer are made',
  ])('none excuses "%s"', (what) => expect(reasonFor({ by, what })).toBeUndefined());

  test('a reason of the ledger counts once it was looked at', () => {
    const what = 'Patient.name.family is lost, PID-5 kept';
    expect(reasonFor({ by, what, kept: 'Nobody looked at this.' })).toBeUndefined();
    expect(reasonFor({ by, what, kept: 'R4 has one collector.' })).toBe('R4 has one collector.');
  });

  test('a reason that no disagreement has is found', () => {
    const before = unusedReasons();
    const reason = reasonFor({ by, what: 'Linkage is not made' });
    expect(before).toContain(reason);
    expect(unusedReasons()).not.toContain(reason);
  });
});
