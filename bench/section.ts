import type { Bar } from './bar';
import { median } from './statistics';

/** What one part of the bench found: figures to read, bars to judge, and all of it for the report. */
export interface Findings {
  readonly rows: readonly { readonly measure: string; readonly found: string }[];
  readonly bars: readonly Bar[];
  readonly report: unknown;
}

export const micro = (value: number): string => `${value.toFixed(0)} us`;
export const milli = (value: number): string => `${value.toFixed(0)} ms`;
/** The median, and what it is the median of. */
export const perSecond = (values: readonly number[], digits = 0): string =>
  `${median(values).toFixed(digits)}/s (${values.map((value) => value.toFixed(digits)).join(', ')})`;
