import { anyMessage, events, marks, pick, seeded } from './any-message';
import { checkConversions, strayMarks } from './check-conversion';
import { mutate, type Mutation, operatorNames, someMutations, valueOperators } from './mutations';

/** A message has fewer persons than this. */
const persons = 100;

/** One message made and spoilt by a seed: what it was and what went wrong. */
export function fuzzOnce(
  seed: number,
  mutations?: readonly Mutation[],
): { converted: number; rejected: number; findings: string[] } {
  const random = seeded(seed);
  const event = pick(random, events);
  const first = (seed % 1_000_000) * persons;
  const base = anyMessage(event, random, first);
  // Every other message keeps its segments in place, so that it stays clear which value is whose.
  const isInPlace = seed % 2 === 0;
  const chosen = mutations ?? someMutations(random, isInPlace ? valueOperators : operatorNames);
  const { bundles, rejected, findings } = checkConversions(mutate(base, chosen));
  const isClear = chosen.every(({ operator }) => valueOperators.includes(operator));
  const strays = isClear
    ? bundles.flatMap(strayMarks).map((type) => `value of another person in ${type}`)
    : [];
  const foreign = bundles.some((bundle) =>
    [...JSON.stringify(bundle).matchAll(marks)].some(
      ([, number]) => Math.floor(Number(number) / persons) !== first / persons,
    ),
  );
  return {
    converted: bundles.length,
    rejected,
    findings: [...findings, ...strays, ...(foreign ? ['value of another message'] : [])].map(
      (finding) => `${event.type}^${event.event}: ${finding.replace(/\[\d+\]/g, '[]')}`,
    ),
  };
}
