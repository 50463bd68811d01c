import type { Ledger, LedgerEntry } from '../../src/lib/convert';
import type { Hl7Message } from '../../src/lib/hl7';
import { comparable, has } from './leaves';

/** Where a value stands in the message, and what the ledger says of it. */
export interface Source {
  readonly field: string;
  readonly fate: LedgerEntry['fate'];
  /** Why it was kept. */
  readonly kept: string | undefined;
}

/** Everything a message says, subcomponent by subcomponent. */
export class Said {
  private readonly sources = new Map<string, Source[]>();
  private readonly values: ReadonlySet<string>;

  constructor(message: Hl7Message, ledger: Ledger) {
    const entries = new Map(ledger.entries.map((entry) => [entry.location, entry]));
    for (const segment of message.segments)
      for (let f = 1; f <= segment.fieldCount; f++)
        segment.field(f).repetitions.forEach((repetition, r) => {
          const location = `${segment.name}[${segment.occurrence}]-${f}[${r + 1}]`;
          for (let c = 1; c <= repetition.componentCount; c++) {
            const entry = entries.get(`${location}.${c}`) ?? entries.get(location);
            const fate = entry?.fate ?? 'unknown';
            const kept = fate === 'kept' ? entry?.detail : undefined;
            for (let s = 1; s <= repetition.component(c).subcomponentCount; s++)
              this.add(repetition.get(c, s), { field: `${segment.name}-${f}`, fate, kept });
          }
        });
    this.values = new Set(this.sources.keys());
  }

  private add(leaf: string | null | undefined, source: Source): void {
    if (leaf == null) return;
    const value = comparable(leaf);
    const sources = this.sources.get(value);
    if (sources === undefined) this.sources.set(value, [source]);
    else sources.push(source);
  }

  has(value: string): boolean {
    return has(this.values, value);
  }

  /** The place that has the least excuse for not being in FHIR. */
  worst(value: string): Source | undefined {
    const sources = this.sources.get(value) ?? [];
    return (
      sources.find(({ fate }) => fate === 'unknown') ??
      sources.find(({ fate }) => fate === 'carried') ??
      sources[0]
    );
  }

  /** A text that only unread fields say, and that stands in FHIR none the less, stands there by chance. */
  isRead(value: string): boolean {
    const sources = this.sources.get(value);
    return sources === undefined || sources.some(({ fate }) => fate === 'carried');
  }
}
