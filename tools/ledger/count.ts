import type { Conversion } from '../../src/lib/convert';
import type { Hl7Message } from '../../src/lib/hl7';

/** What became of the populated fields of one kind: a segment, or one field of it. */
export interface Tally {
  populated: number;
  /** At least one part of it reached FHIR, which is what a mapping table calls a mapped field. */
  carried: number;
  /** It reached FHIR, and an extension of our own is all that holds it: no other software knows what it says. */
  own: number;
  /** Every part of it did. */
  whole: number;
  /** Nothing of it did, and the ledger says why. */
  kept: number;
  /** Nothing of it did, for no reason. */
  unknown: number;
  /** The guide has a row for the field that ends in an element. */
  guide: number;
}

export const emptyTally = (): Tally => ({
  populated: 0,
  own: 0,
  carried: 0,
  whole: 0,
  kept: 0,
  unknown: 0,
  guide: 0,
});

const ownExtension = /urn:medrelay:extension:([a-z0-9-]+)/g;
const field = /^([A-Z][A-Z0-9]{2})\[(\d+)\]-(\d+)/i;

/** MSH-1 and MSH-2 are the delimiters: syntax, no data. */
const isSyntax = (segment: string, n: number): boolean => segment === 'MSH' && n <= 2;

/**
 * Counts each populated field (`PID-5` of the first PID, whatever it repeats) once. Throws when the ledger is silent
 * about one, or speaks of one that is not there: the ledger must account for everything.
 */
export function countFields(
  message: Hl7Message,
  { ledger, bundle }: Conversion,
  guide: ReadonlySet<string>,
  tallies: Map<string, Tally>,
): void {
  const fates = new Map<string, Set<string>>();
  const names = new Set([...JSON.stringify(bundle).matchAll(ownExtension)].map(([, name]) => name));
  const elsewhere = new Set<string>();
  for (const { location, fate, detail = '' } of ledger.entries) {
    const name = field.exec(location)?.[0];
    if (name === undefined) throw new Error(`The ledger has a place that is none: ${location}`);
    // An element and an extension: the extension is there because the element could not hold the value.
    const isOwn = detail
      .split(', ')
      .some((target) => names.has(/extension\(([a-z0-9-]+)\)/.exec(target)?.[1]));
    if (fate === 'carried' && !isOwn) elsewhere.add(name);
    const seen = fates.get(name);
    if (seen === undefined) fates.set(name, new Set([fate]));
    else seen.add(fate);
  }
  for (const segment of message.segments)
    for (let n = 1; n <= segment.fieldCount; n++) {
      if (!segment.field(n).isPopulated) continue;
      const name = `${segment.name}[${segment.occurrence}]-${n}`;
      const fate = fates.get(name);
      if (fate === undefined) throw new Error(`The ledger is silent about ${name}`);
      fates.delete(name);
      if (isSyntax(segment.name, n)) continue;
      const kind = `${segment.name}-${n}`;
      const tally = tallies.get(kind) ?? emptyTally();
      tallies.set(kind, tally);
      tally.populated++;
      if (fate.has('carried') && !elsewhere.has(name)) tally.own++;
      if (fate.has('carried')) tally.carried++;
      else if (fate.has('unknown')) tally.unknown++;
      else tally.kept++;
      if (fate.has('carried') && fate.size === 1) tally.whole++;
      if (guide.has(kind)) tally.guide++;
    }
  if (fates.size > 0) throw new Error(`The ledger speaks of fields that are not there: ${fates.size}`);
}
