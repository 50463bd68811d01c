import type { Bundle } from 'fhir/r4';
import type { Conversion } from '../../src/lib/convert';
import type { Hl7Message } from '../../src/lib/hl7';
import { has, itemsByType, textsOf, type Item } from './leaves';
import { Said } from './said';

/** What one converter states and the other does not: its kind, never its value. */
export interface Disagreement {
  readonly what: string;
  /** The ledger's reason, where the value was left in the raw copy on purpose. */
  readonly kept?: string | undefined;
}

/** The leaves of theirs, each counted once. */
export interface Tally {
  /** The same value in the same element of a resource of the same type. */
  equal: number;
  /** The value is in our Bundle, in another element: another shape. */
  elsewhere: number;
  /** The message does not have the value: a constant, a name of a code or a mapping of theirs, and no code that R4 asks for. */
  theirOwn: number;
  disagreeing: number;
}

/** Elements whose codes a converter decides from the message's; names of codes are no decision. */
const decided =
  /(^|\.)(status|intent|gender|use|code|active|deceasedBoolean|comparator|mode|docStatus|type|unit|priority|preferred)$/;
/** Shorter texts are in some word or other of every Bundle: they have to be a word of their own. */
const partLength = 3;

const keyOf = ({ path, value }: { path: string; value: string }): string => `${path} ${value}`;

/** Resources of one type are paired by the elements that have the same value, the most alike first. */
function partnerOf(theirs: Item, ours: readonly Item[]): Item | undefined {
  const keys = new Set(theirs.leaves.map(keyOf));
  const likeness = (one: Item): number => one.leaves.filter((leaf) => keys.has(keyOf(leaf))).length;
  const [best] = ours
    .map((one) => ({ one, like: likeness(one) }))
    .filter(({ like }) => like >= 2)
    .sort((a, b) => b.like - a.like);
  return best?.one;
}

/**
 * What we state besides is our affair. Disagreements: a type that we make none or fewer of; a value of the message
 * that they carry and we have nowhere, or have in no resource of the type while the paired resource has the element
 * with another value; a code that they chose and for which the paired resource has others.
 */
export function compare(
  message: Hl7Message,
  theirs: Bundle,
  { bundle, ledger }: Conversion,
): { disagreements: readonly Disagreement[]; tally: Tally } {
  const found = new Map<string, Disagreement>();
  const tally: Tally = { equal: 0, elsewhere: 0, theirOwn: 0, disagreeing: 0 };
  const said = new Said(message, ledger);
  const ours = itemsByType(bundle);
  const texts = textsOf(bundle);
  const allText = [...texts].join('\u0001');
  const words = new Set(allText.split(/[\u0001\s,;:/|]+/));
  const isStated = (value: string): boolean =>
    (has(texts, value) || (value.length < partLength ? words.has(value) : allText.includes(value))) &&
    said.isRead(value);

  for (const [type, items] of itemsByType(theirs)) {
    const own = ours.get(type) ?? [];
    if (own.length === 0) disagree({ what: `${type} is not made` });
    else if (own.length < items.length) disagree({ what: `${type}: fewer are made` });
    const elements = new Set(own.flatMap(({ leaves }) => leaves.map(keyOf)));
    const values = new Set(own.flatMap(({ leaves }) => leaves.map(({ value }) => value)));
    for (const item of items) {
      const partner = partnerOf(item, own);
      for (const { path, value } of item.leaves) {
        const there = (partner?.leaves ?? []).filter((leaf) => leaf.path === path);
        const isEqual =
          elements.has(keyOf({ path, value })) || has(new Set(there.map((leaf) => leaf.value)), value);
        const source = said.worst(value);
        if (isEqual) tally.equal++;
        else if (!said.has(value)) {
          if (there.length === 0 || !decided.test(path)) tally.theirOwn++;
          else disagree({ what: `${type}.${path} is decided otherwise` }, 1);
        } else if (!isStated(value))
          disagree(
            {
              what: `${type}.${path} is lost, ${source?.field ?? ''} ${source?.fate ?? ''}`,
              kept: source?.kept,
            },
            1,
          );
        else if (there.length > 0 && path !== 'extension' && !has(values, value))
          disagree({ what: `${type}.${path} has another value` }, 1);
        else tally.elsewhere++;
      }
    }
  }
  return { disagreements: [...found.values()], tally };

  function disagree(one: Disagreement, leaves = 0): void {
    found.set(`${one.what} ${one.kept ?? ''}`, one);
    tally.disagreeing += leaves;
  }
}
