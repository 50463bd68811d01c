import type { ObservationReferenceRange } from 'fhir/r4';
import { parseDecimal } from './nm';
import { quantity, type Unit } from './quantity';

const number = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)`;
const between = new RegExp(`^(${number})\\s*(?:-|–|to)\\s*(${number})$`, 'i');
const bound = new RegExp(`^(<=?|>=?|≤|≥)\\s*(${number})$`);

/**
 * OBX-7. The text is always kept; low and high only where it can mean one thing (`3.5-5.1`, `<85`). A `<` is an
 * exclusive limit, which R4 cannot say; the text does. Anything with words, sexes or ages stays text.
 */
export function referenceRange(text: string, unit: Unit | undefined): ObservationReferenceRange {
  const trimmed = text.trim();
  const result: ObservationReferenceRange = {};
  const range = between.exec(trimmed);
  const limit = range === null ? bound.exec(trimmed) : null;
  if (range !== null) {
    const [low, high] = [parseDecimal(range[1] ?? ''), parseDecimal(range[2] ?? '')];
    if (low !== undefined && high !== undefined && low.value <= high.value) {
      result.low = quantity(low, unit);
      result.high = quantity(high, unit);
    }
  } else if (limit !== null) {
    const value = parseDecimal(limit[2] ?? '');
    const isUpper = limit[1]?.startsWith('<') === true || limit[1] === '≤';
    if (value !== undefined) result[isUpper ? 'high' : 'low'] = quantity(value, unit);
  }
  result.text = text;
  return result;
}
