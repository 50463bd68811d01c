import type { Hl7Field, Hl7Message, Hl7Repetition, Hl7Segment } from '../hl7';
import { maxParts, type SegmentReader } from './reader';
import type { Ledger, LedgerEntry } from './types';

/**
 * The ledger of one message, made from the marks that reading left. Computed when first looked at: a conversion whose
 * ledger nobody reads does not pay for it. A field is listed per repetition; components that nobody read are listed
 * on their own, so that a half-read value cannot pass for a carried one.
 *
 * A class, not a literal with getters: V8 gives every such literal a hidden class of its own, which lives in old space
 * and keeps the whole message alive until a full collection (measured: 40 % of the run time was garbage collection).
 */
export class MessageLedger implements Ledger {
  private computed: LedgerEntry[] | undefined = undefined;

  constructor(
    private readonly message: Hl7Message,
    private readonly readers: readonly (SegmentReader | undefined)[],
  ) {}

  get entries(): readonly LedgerEntry[] {
    return (this.computed ??= this.message.segments.flatMap((segment) =>
      segmentEntries(segment, this.readers[segment.index]),
    ));
  }

  get carried(): number {
    return this.count('carried');
  }

  get kept(): number {
    return this.count('kept');
  }

  get unknown(): number {
    return this.count('unknown');
  }

  toJSON(): Ledger {
    const { carried, kept, unknown, entries } = this;
    return { carried, kept, unknown, entries };
  }

  private count(fate: LedgerEntry['fate']): number {
    let count = 0;
    for (const entry of this.entries) if (entry.fate === fate) count++;
    return count;
  }
}

function segmentEntries(segment: Hl7Segment, reader: SegmentReader | undefined): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (let n = 1; n <= segment.fieldCount; n++) {
    const field = segment.field(n);
    if (field.raw !== '') addField(entries, segment, n, field, reader);
  }
  return entries;
}

function addField(
  entries: LedgerEntry[],
  segment: Hl7Segment,
  n: number,
  field: Hl7Field,
  reader: SegmentReader | undefined,
): void {
  const marks = reader?.marks(n);
  let next = 0;
  field.repetitions.forEach((repetition, i) => {
    if (!repetition.isPopulated) return;
    const location = `${segment.name}[${segment.occurrence}]-${n}[${i + 1}]`;
    const candidate = marks?.readers[next];
    const read = candidate?.index === i + 1 ? candidate : undefined;
    if (read !== undefined) next++;
    const kept = read?.kept ?? (read === undefined || reader?.isKeptWhole ? marks?.kept : undefined);
    if (kept !== undefined) entries.push({ location, fate: 'kept', detail: kept });
    else if (field.isNull && reader?.hasRead(n)) {
      entries.push({ location, fate: 'carried', detail: 'delete' });
    } else if (read === undefined) entries.push({ location, fate: 'unknown' });
    else {
      const missed = unreadComponents(repetition, (component) => read.wasRead(component));
      if (missed.length < populatedComponents(repetition)) {
        entries.push({ location, fate: 'carried', detail: read.target });
      }
      for (const component of missed) {
        entries.push(
          marks?.kept === undefined
            ? { location: `${location}.${component}`, fate: 'unknown' }
            : { location: `${location}.${component}`, fate: 'kept', detail: marks.kept },
        );
      }
    }
  });
}

function isPopulated(repetition: Hl7Repetition, component: number): boolean {
  const part = repetition.component(component);
  if (part.raw === '') return false;
  for (let sub = 1; sub <= Math.min(part.subcomponentCount, maxParts); sub++)
    if (part.sub(sub) !== undefined) return true;
  return false;
}

function populatedComponents(repetition: Hl7Repetition): number {
  let count = 0;
  const all = parts(repetition);
  for (let c = 1; c <= all; c++) if (isPopulated(repetition, c)) count++;
  return count;
}

function unreadComponents(repetition: Hl7Repetition, wasRead: (component: number) => boolean): number[] {
  const unread: number[] = [];
  for (let c = 1, all = parts(repetition); c <= all; c++)
    if (!wasRead(c) && isPopulated(repetition, c)) unread.push(c);
  return unread;
}

const parts = (repetition: Hl7Repetition): number => Math.min(repetition.componentCount, maxParts);
