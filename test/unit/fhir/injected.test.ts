import { globSync, readFileSync } from 'node:fs';
import type { Bundle } from 'fhir/r4';
import { convertMessage } from '../../../src/lib/convert';
import { parseMessage, splitMessages } from '../../../src/lib/hl7';
import { loadOracles } from '../../../tools/conformance/oracles';
import { openProfile } from '../../../tools/corpus';
import { examine } from '../../../tools/faults/examine';
import { type Fault, faultsIn } from '../../../tools/faults/inject';
import { KINDS } from '../../../tools/faults/kinds';
import { fixtures } from './fixtures';

/** What our own messages become, with every fault at every element once; `npm run faults` does this to a corpus. */
const faulty = (): { bundle: Bundle; fault: Fault }[] => {
  const seen = new Map<string, number>();
  const converted = globSync('samples/good/*.hl7')
    .filter((file) => !file.includes('1000-obx'))
    .sort()
    .flatMap((file) => splitMessages(readFileSync(file)).messages)
    .map((raw) => convertMessage(parseMessage(raw), { tenantId: 'test', profile: openProfile }).bundle);
  // No sample holds an attachment; the fixture does.
  return [...converted, fixtures.transaction as unknown as Bundle].flatMap((bundle) =>
    [...faultsIn(bundle, 1, seen)].map((fault) => ({ bundle, fault })),
  );
};
const all = faulty();
const described = ({ kind, element }: Fault): string => `${kind.name} at ${element}`;

it('names every certain fault, and its place', () => {
  const certain = all.filter(({ fault }, i) => fault.kind.isCertain && i % 2 === 0);
  expect(certain.length).toBeGreaterThan(2000);
  const missed = certain.filter(({ bundle, fault }) => !examine(bundle, fault, []).isNamed);
  expect(missed.map(({ fault }) => described(fault))).toEqual([]);
  const untried = KINDS.filter(({ name }) => !all.some(({ fault }) => fault.kind.name === name));
  expect(untried.map(({ name }) => name)).toEqual([]);
});

it('names what another validator finds', () => {
  const oracles = loadOracles();
  expect(oracles.map(({ name }) => name)).toEqual(['@medplum/core', 'fhir']);
  // Not every one: the others take a hundred times as long.
  const some = all.filter(({ fault }, i) => i % 80 === 0 || !fault.kind.isCertain);
  const examined = some.map(({ bundle, fault }) => ({ fault, ...examine(bundle, fault, oracles) }));
  const missed = examined.filter(({ isFault, isNamed }) => isFault && !isNamed);
  expect(missed.map(({ fault, others }) => `${described(fault)}: ${others[0]?.error ?? ''}`)).toEqual([]);
  expect(examined.filter(({ others }) => others.length > 0).length).toBeGreaterThan(500);
});
