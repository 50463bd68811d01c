/** A physical partition: the items whose effective partition key is in `min <= epk < max`. */
export interface Range extends Span {
  id: string;
  /** Of which this one is a part since a split. */
  parents: string[];
}

export interface Span {
  min: string;
  max: string;
}

export const wholeSpan: Span = { min: '', max: 'FF' };

/** Hashes are below this: their two highest bits are clear. */
const top = 1n << 126n;
const digits = (value: bigint) => value.toString(16).toUpperCase().padStart(32, '0');
const numberOf = (epk: string) => BigInt(`0x${epk.slice(0, 32).padEnd(32, '0')}`);

export const contains = ({ min, max }: Span, epk: string) => min <= epk && epk < max;

/** What two spans have in common, if anything. */
export function common(one: Span, other: Span): Span | undefined {
  const min = one.min > other.min ? one.min : other.min;
  const max = one.max < other.max ? one.max : other.max;
  return min < max ? { min, max } : undefined;
}

/** The partitions of a new container: equal parts of the hash range. */
export function equalRanges(count: number): Range[] {
  const at = (i: number) =>
    i === 0 ? wholeSpan.min : i === count ? wholeSpan.max : digits((top * BigInt(i)) / BigInt(count) - 1n);
  return Array.from({ length: count }, (_, i) => ({ id: `${i}`, min: at(i), max: at(i + 1), parents: [] }));
}

/** In place of one range its two halves, under ids that were never used. */
export function split(ranges: readonly Range[], id: string): Range[] {
  const next = Math.max(...ranges.flatMap((range) => [range.id, ...range.parents]).map(Number)) + 1;
  return ranges.flatMap((range) => {
    if (range.id !== id) return [range];
    const parents = [...range.parents, id];
    const middle = digits(
      (numberOf(range.min) + (range.max === wholeSpan.max ? top : numberOf(range.max))) / 2n,
    );
    return [
      { id: `${next}`, min: range.min, max: middle, parents },
      { id: `${next + 1}`, min: middle, max: range.max, parents },
    ];
  });
}
