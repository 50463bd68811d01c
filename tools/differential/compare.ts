import type { Bundle } from 'fhir/r4';
import type { Hl7Message } from '../../src/lib/hl7';

type Json = { readonly [key: string]: unknown };

/** A leaf of a resource: its element without indexes, and its value made comparable. */
interface Leaf {
  readonly path: string;
  readonly value: string;
}

interface Item {
  readonly type: string;
  readonly leaves: readonly Leaf[];
}

/** What one converter states and the other does not, by kind: never by value. */
export type Disagreement = string;

/**
 * Ids, references and the systems of local names are everybody's own choice; so is what a narrative repeats. Times
 * with a clock are compared by presence alone: the other side shifts them into zones of its own.
 */
const SKIPPED = new Set([
  'id',
  'reference',
  'system',
  'fullUrl',
  'meta',
  'text.div',
  'text.status',
  'resourceType',
  'url',
]);
const dateTime = /^\d{4}-\d\d-\d\dT\d\d/;
const date = /^\d{4}(-\d\d){0,2}$/;

const comparable = (value: unknown): string => {
  const text = String(value).replace(/\s+/g, ' ').trim();
  if (dateTime.test(text)) return 'time';
  if (date.test(text)) return text.replaceAll('-', '');
  if (/^\d{12}(\d\d(\.\d+)?)?([+-]\d{4})?$/.test(text)) return 'time';
  return text.toLowerCase();
};

function leavesOf(node: unknown, path: string, into: Leaf[]): Leaf[] {
  if (Array.isArray(node)) for (const item of node) leavesOf(item, path, into);
  else if (typeof node === 'object' && node !== null) {
    for (const [key, value] of Object.entries(node as Json))
      if (!SKIPPED.has(key) && !(key === 'extension' && path !== ''))
        leavesOf(value, path === '' ? key : `${path}.${key}`, into);
  } else if (node !== undefined && node !== null && String(node).trim() !== '')
    into.push({ path: path.replace(/^extension\b.*/, 'extension'), value: comparable(node) });
  return into;
}

const itemsOf = (bundle: Bundle): Item[] =>
  (bundle.entry ?? []).flatMap(({ resource }) =>
    resource === undefined ? [] : [{ type: resource.resourceType, leaves: leavesOf(resource, '', []) }],
  );

/** How many values of one are values of the other. */
function likeness(theirs: Item, ours: Item): number {
  const values = new Set(ours.leaves.map(({ value }) => value));
  return theirs.leaves.filter(({ value }) => values.has(value) && value !== 'time').length;
}

/** Everything a message says, leaf by leaf. */
function saidBy(message: Hl7Message): ReadonlySet<string> {
  const said = new Set<string>();
  for (const segment of message.segments)
    for (let f = 1; f <= segment.fieldCount; f++)
      for (const repetition of segment.field(f).repetitions)
        for (let c = 1; c <= repetition.componentCount; c++)
          for (let s = 1; s <= repetition.component(c).subcomponentCount; s++) {
            const leaf = repetition.get(c, s);
            if (leaf != null) said.add(comparable(leaf));
          }
  return said;
}

/** Elements whose codes a converter decides from the message's; names of codes are no decision. */
const decided =
  /(^|\.)(status|intent|gender|use|code|active|deceasedBoolean|comparator|mode|docStatus|type)$/;
const short = 3;

/**
 * Resources of one type are paired by the values they share, the most alike first. What we state besides is our affair.
 * Disagreements: a type that we do not make at all; a value of the message that they carry and we have nowhere; a code
 * that they chose and for which the paired resource has others.
 */
export function disagreements(
  message: Hl7Message,
  theirs: Bundle,
  ours: Bundle,
): { found: Set<Disagreement>; compared: number } {
  const found = new Set<Disagreement>();
  let compared = 0;
  const said = saidBy(message);
  const own = itemsOf(ours);
  const everything = new Set(own.flatMap(({ leaves }) => leaves.map(({ value }) => value)));
  const text = [...everything].join('\u0001');
  const isLost = (value: string): boolean =>
    value !== 'time' &&
    said.has(value) &&
    !(value.length < short ? everything.has(value) : text.includes(value));
  for (const item of itemsOf(theirs)) {
    const candidates = own
      .filter(({ type }) => type === item.type)
      .map((candidate) => ({ candidate, like: likeness(item, candidate) }));
    if (candidates.length === 0) found.add(`${item.type} is not made`);
    const [best] = candidates.sort((a, b) => b.like - a.like);
    const partner = best === undefined || best.like < 2 ? undefined : best.candidate;
    for (const { path, value } of item.leaves) {
      compared++;
      if (isLost(value)) found.add(`${item.type}.${path} is lost`);
      if (said.has(value) || !decided.test(path)) continue;
      const chosen = (partner?.leaves ?? []).filter((leaf) => leaf.path === path);
      if (chosen.length > 0 && chosen.every((leaf) => leaf.value !== value))
        found.add(`${item.type}.${path} differs`);
    }
  }
  return { found, compared };
}
