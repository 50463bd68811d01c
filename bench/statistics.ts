export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

/** Both sides of a comparison, round by round, each going first every other time: drift hits both alike. */
export async function alternate(
  rounds: number,
  one: (round: number) => void | Promise<void>,
  other: (round: number) => void | Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const [first, second] = round % 2 === 0 ? [one, other] : [other, one];
    await first(round);
    await second(round);
  }
}
