import type { Bundle } from 'fhir/r4';
import type { Conversion, Ledger, LedgerEntry } from '../../src/lib/convert';
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

/** Every text of ours, whatever element it is in: an authority became a system, a set of numbers a timing. */
function everythingIn(bundle: Bundle): ReadonlySet<string> {
  const found = new Set<string>();
  JSON.stringify(bundle, (key, value: unknown) => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      found.add(comparable(value));
      if (key === 'system' || key === 'uri') found.add(comparable(unescaped(String(value))));
      if (key === 'data') found.add(comparable(Buffer.from(String(value), 'base64').toString('utf8')));
    }
    return value;
  });
  return found;
}

function unescaped(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}

/** How many values of one are values of the other. */
function likeness(theirs: Item, ours: Item): number {
  const values = new Set(ours.leaves.map(({ value }) => value));
  return theirs.leaves.filter(({ value }) => values.has(value) && value !== 'time').length;
}

/** What the ledger says of a leaf: reached FHIR, stayed in the raw copy for a reason, or nothing. */
interface Source {
  readonly field: string;
  readonly fate: LedgerEntry['fate'];
  readonly reason: string | undefined;
}

/** Everything a message says, leaf by leaf, and where. */
function saidBy(message: Hl7Message, ledger: Ledger): ReadonlyMap<string, readonly Source[]> {
  const entries = new Map(ledger.entries.map((entry) => [entry.location, entry]));
  const said = new Map<string, Source[]>();
  for (const segment of message.segments)
    for (let f = 1; f <= segment.fieldCount; f++)
      segment.field(f).repetitions.forEach((repetition, r) => {
        const location = `${segment.name}[${segment.occurrence}]-${f}[${r + 1}]`;
        for (let c = 1; c <= repetition.componentCount; c++) {
          const entry = entries.get(`${location}.${c}`) ?? entries.get(location);
          const source: Source = {
            field: `${segment.name}-${f}`,
            fate: entry?.fate ?? 'unknown',
            reason: entry?.fate === 'kept' ? entry.detail : undefined,
          };
          for (let s = 1; s <= repetition.component(c).subcomponentCount; s++) {
            const leaf = repetition.get(c, s);
            if (leaf == null) continue;
            const value = comparable(leaf);
            said.set(value, [...(said.get(value) ?? []), source]);
          }
        }
      });
  return said;
}

/** Elements whose codes a converter decides from the message's; names of codes are no decision. */
const decided =
  /(^|\.)(status|intent|gender|use|code|active|deceasedBoolean|comparator|mode|docStatus|type)$/;
const short = 3;

/**
 * Resources of one type are paired by the values they share, the most alike first. What we state besides is our affair.
 * Disagreements: a type that we do not make at all; a value of the message that they carry and we have nowhere (the ledger's
 * reason is its reason); a code
 * that they chose and for which the paired resource has others.
 */
export function disagreements(
  message: Hl7Message,
  theirs: Bundle,
  { bundle: ours, ledger }: Conversion,
): { found: Map<Disagreement, string | undefined>; compared: number } {
  const found = new Map<Disagreement, string | undefined>();
  let compared = 0;
  const said = saidBy(message, ledger);
  const own = itemsOf(ours);
  const everything = everythingIn(ours);
  const text = [...everything].join('\u0001');
  const isLost = (value: string): boolean =>
    value !== 'time' &&
    said.has(value) &&
    !(value.length < short ? everything.has(value) : text.includes(value));
  for (const item of itemsOf(theirs)) {
    const candidates = own
      .filter(({ type }) => type === item.type)
      .map((candidate) => ({ candidate, like: likeness(item, candidate) }));
    if (candidates.length === 0) found.set(`${item.type} is not made`, undefined);
    const [best] = candidates.sort((a, b) => b.like - a.like);
    const partner = best === undefined || best.like < 2 ? undefined : best.candidate;
    for (const { path, value } of item.leaves) {
      compared++;
      if (isLost(value)) {
        const sources = said.get(value) ?? [];
        const open =
          sources.find(({ fate }) => fate === 'unknown') ?? sources.find(({ fate }) => fate === 'carried');
        const source = open ?? sources[0];
        const place = `${source?.field ?? ''} ${source?.fate ?? ''}`;
        found.set(`${item.type}.${path} is lost, ${place}`, source?.reason && `The ledger: ${source.reason}`);
      }
      if (said.has(value) || !decided.test(path)) continue;
      const chosen = (partner?.leaves ?? []).filter((leaf) => leaf.path === path);
      if (chosen.length > 0 && chosen.every((leaf) => leaf.value !== value))
        found.set(`${item.type}.${path} differs`, undefined);
    }
  }
  return { found, compared };
}
