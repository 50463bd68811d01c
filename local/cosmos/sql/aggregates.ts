import { compareValues } from './order';
import type { Value } from './value';

/** Collects the values of one group. An undefined value is not counted by any aggregate. */
export interface Aggregate {
  add(value: Value): void;
  result(): Value;
}

export const aggregates: Record<string, () => Aggregate> = {
  COUNT: () => {
    let count = 0;
    return { add: (value) => void (value === undefined || count++), result: () => count };
  },
  SUM: () => {
    const sum = total();
    return { add: sum.add, result: () => (sum.valid() ? sum.sum() : undefined) };
  },
  AVG: () => {
    const sum = total();
    return {
      add: sum.add,
      result: () => (sum.valid() && sum.count() > 0 ? sum.sum() / sum.count() : undefined),
    };
  },
  MIN: () => extreme(-1),
  MAX: () => extreme(1),
};

/** One value that is not a number makes SUM and AVG undefined. */
function total() {
  let sum = 0;
  let count = 0;
  let valid = true;
  return {
    add(value: Value): void {
      if (value === undefined) return;
      if (typeof value !== 'number') valid = false;
      else {
        sum += value;
        count++;
      }
    },
    sum: () => sum,
    count: () => count,
    valid: () => valid,
  };
}

/** Over mixed types by the order of types; an array or object makes the result undefined. */
function extreme(direction: 1 | -1): Aggregate {
  let best: Value;
  let valid = true;
  return {
    add(value) {
      if (value === undefined) return;
      if (typeof value === 'object' && value !== null) valid = false;
      else if (best === undefined || compareValues(value, best) * direction > 0) best = value;
    },
    result: () => (valid ? best : undefined),
  };
}
