import { SqlError } from './lexer';
import { equal, relation } from './order';
import type { Value } from './value';

type Operator = (a: Value, b: Value) => Value;

const numeric =
  (call: (a: number, b: number) => number): Operator =>
  (a, b) => {
    if (typeof a !== 'number' || typeof b !== 'number') return undefined;
    const value = call(a, b);
    return Number.isFinite(value) ? value : undefined;
  };

const ordered =
  (holds: (order: number) => boolean): Operator =>
  (a, b) => {
    const order = relation(a, b);
    return order === undefined ? undefined : holds(order);
  };

export const binary: Record<string, Operator> = {
  // The documentation's table calls equality between types undefined; the service answers false,
  // and `c.x != null` (true for every value that is not null) is in wide use.
  '=': equal,
  '!=': (a, b) => not(equal(a, b)),
  '<': ordered((order) => order < 0),
  '<=': ordered((order) => order <= 0),
  '>': ordered((order) => order > 0),
  '>=': ordered((order) => order >= 0),
  '+': numeric((a, b) => a + b),
  '-': numeric((a, b) => a - b),
  '*': numeric((a, b) => a * b),
  '/': numeric((a, b) => a / b),
  '%': numeric((a, b) => a % b),
  '|': numeric((a, b) => a | b),
  '&': numeric((a, b) => a & b),
  '^': numeric((a, b) => a ^ b),
  '<<': numeric((a, b) => a << b),
  '>>': numeric((a, b) => a >> b),
  '>>>': numeric((a, b) => a >>> b),
  '||': (a, b) => (typeof a === 'string' && typeof b === 'string' ? a + b : undefined),
  '??': (a, b) => (a === undefined ? b : a),
};

const negate = (a: Value): Value => (typeof a === 'number' ? -a : undefined);
const not = (a: Value): Value => (typeof a === 'boolean' ? !a : undefined);

export const unary: Record<string, (a: Value) => Value> = {
  NOT: not,
  '-': negate,
  '+': (a) => (typeof a === 'number' ? a : undefined),
  '~': (a) => (typeof a === 'number' ? ~a : undefined),
};

/** `%` any text, `_` one character, `[a-z]` and `[^a-z]` sets; the escape character takes the next literally. */
export function likePattern(pattern: string, escape: string | undefined): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] ?? '';
    if (character === escape && i + 1 < pattern.length) source += literal(pattern[++i] ?? '');
    else if (character === '%') source += '[^]*';
    else if (character === '_') source += '[^]';
    else if (character === '[' && pattern.indexOf(']', i + 2) > 0) {
      const end = pattern.indexOf(']', i + 2);
      const set = pattern.slice(i + 1, end);
      const negated = set.startsWith('^') && set.length > 1;
      source += `[${negated ? '^' : ''}${set.slice(negated ? 1 : 0).replace(/[\\\]^[]/g, '\\$&')}]`;
      i = end;
    } else source += literal(character);
  }
  try {
    return new RegExp(`^${source}$`);
  } catch {
    throw new SqlError('LIKE: the pattern has a set whose range is out of order.');
  }
}

const literal = (character: string) => character.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
