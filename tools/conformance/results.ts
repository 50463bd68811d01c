import type { Bundle } from 'fhir/r4';
import type { Hl7Message, Hl7Repetition, Hl7Segment } from '../../src/lib/hl7';
import type { Ledger, LedgerEntry } from '../../src/lib/convert';

/** Where the results of a message went: every OBX with a value must be found again. */
export interface Results {
  readonly obxWithValue: number;
  readonly observations: number;
  /** OBX whose value the ledger neither carries into a resource nor, for an attachment, says to be kept. */
  readonly notCarried: readonly Hl7Segment[];
  /** OBX whose value cannot be read anywhere in the Bundle, whatever the ledger says. */
  readonly notFound: readonly Hl7Segment[];
}

/** Types whose text changes on the way (dates, attachments, pointers) or whose parts become other words. */
const REWRITTEN = new Set(['DT', 'TM', 'TS', 'DTM', 'DR', 'ED', 'RP']);
/** An attachment may stay in the raw copy (without data, say), if the ledger says so. */
const ATTACHMENTS = new Set(['ED', 'RP']);
/** R4 forbids a value beside the reason for its absence (obs-6). */
const WITHOUT_VALUE = new Set(['X']);

export function resultsOf(message: Hl7Message, bundle: Bundle, ledger: Ledger): Results {
  const leaves = new Leaves(bundle);
  const withValue = message.all('OBX').filter((obx) =>
    // A document without data (ED-5) is its description alone: nothing to be found again.
    obx.field(5).repetitions.some(obx.get(2) === 'ED' ? (repetition) => repetition.get(5) != null : hasValue),
  );
  const withFate = (wanted: LedgerEntry['fate']): Set<string> =>
    new Set(
      ledger.entries
        .filter(({ fate, location }) => fate === wanted && /^OBX\[\d+\]-5\[/.test(location))
        .map(({ location }) => location.slice(0, location.indexOf(']') + 1)),
    );
  const carried = withFate('carried');
  const kept = withFate('kept');
  const isAccountedFor = (obx: Hl7Segment): boolean => {
    const name = `OBX[${obx.occurrence}]`;
    return carried.has(name) || (ATTACHMENTS.has((obx.get(2) ?? '').toUpperCase()) && kept.has(name));
  };
  const expected = withValue.filter((obx) => !WITHOUT_VALUE.has(obx.get(11) ?? ''));
  const observations = (bundle.entry ?? []).filter((entry) => entry.resource?.resourceType === 'Observation');
  return {
    obxWithValue: withValue.length,
    observations: observations.length,
    notCarried: expected.filter((obx) => !isAccountedFor(obx)),
    notFound: expected.filter((obx) => !REWRITTEN.has((obx.get(2) ?? '').toUpperCase()) && !leaves.hold(obx)),
  };
}

const texts = (repetition: Hl7Repetition): string[] =>
  Array.from({ length: repetition.componentCount }, (_, i) => repetition.get(i + 1)).filter(
    (leaf): leaf is string => typeof leaf === 'string' && leaf.trim() !== '',
  );
const hasValue = (repetition: Hl7Repetition): boolean => texts(repetition).length > 0;
const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** The lines of a document became an attachment. */
const decoded = (data: string): string => Buffer.from(data, 'base64').toString('utf8');

/** Every text and number of the Bundle. */
class Leaves {
  private readonly numbers = new Set<number>();
  private readonly text: string;

  constructor(bundle: Bundle) {
    const found: string[] = [];
    JSON.stringify(bundle, (key, value: unknown) => {
      if (typeof value === 'number') this.numbers.add(value);
      if (typeof value === 'string') found.push(squeezed(key === 'data' ? decoded(value) : value));
      return value;
    });
    this.text = found.join('\u0001');
  }

  /** True when every repetition of OBX-5 shows at least one of its components somewhere. */
  hold(obx: Hl7Segment): boolean {
    return obx
      .field(5)
      .repetitions.filter(hasValue)
      .every((repetition) => texts(repetition).some((leaf) => this.holdsText(leaf)));
  }

  private holdsText(leaf: string): boolean {
    const number = Number(leaf.replace(/^\s*[<>=]+\s*/, ''));
    return this.text.includes(squeezed(leaf)) || (!Number.isNaN(number) && this.numbers.has(number));
  }
}

/** References to nothing in the Bundle, found without our validator. */
export function danglingReferences(bundle: Bundle): string[] {
  const fullUrls = new Set((bundle.entry ?? []).map((entry) => entry.fullUrl));
  return (bundle.entry ?? []).flatMap((entry) => {
    const dangling: string[] = [];
    const contained = new Set(
      ((entry.resource as { contained?: { id?: string }[] } | undefined)?.contained ?? []).map(
        ({ id }) => `#${id}`,
      ),
    );
    JSON.stringify(entry.resource, (key, value: unknown) => {
      if (key !== 'reference' || typeof value !== 'string') return value;
      const isLocal = value.startsWith('#');
      if (!(isLocal ? contained : fullUrls).has(value))
        dangling.push(`${entry.resource?.resourceType ?? ''}.reference`);
      return value;
    });
    return dangling;
  });
}
