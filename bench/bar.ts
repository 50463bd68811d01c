/** What the bench promises, and what it found. */
export interface Bar {
  readonly bar: string;
  readonly wanted: string;
  readonly found: string;
  readonly isMet: boolean;
}

export const atMost = (bar: string, wanted: number, found: number): Bar => ({
  bar,
  wanted: `<= ${wanted}`,
  found: found.toFixed(2),
  isMet: found <= wanted,
});

export const atLeast = (bar: string, wanted: number, found: number): Bar => ({
  bar,
  wanted: `>= ${wanted}`,
  found: found.toFixed(2),
  isMet: found >= wanted,
});
