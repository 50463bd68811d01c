/** What an expression of a SQL filter or action is made of, and its value for a message. */
import { randomUUID } from 'node:crypto';

/**
 * Properties of the message that the broker knows by a name of its own; all of them text. The service knows more
 * (times, sizes, counts); a rule that names one of those is refused when it is added.
 */
export const SYSTEM_PROPERTIES = [
  'ContentType',
  'CorrelationId',
  'Label',
  'MessageId',
  'ReplyTo',
  'ReplyToSessionId',
  'SessionId',
  'To',
] as const;
export type SystemProperty = (typeof SYSTEM_PROPERTIES)[number];

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type Operator = '+' | '-' | '*' | '/' | '%';

export type Property =
  | { readonly kind: 'system'; readonly name: SystemProperty }
  | { readonly kind: 'user'; readonly name: string };

export type Expression =
  | { readonly kind: 'constant'; readonly value: string | number | boolean }
  | Property
  /** property('name'), where the name is computed. */
  | { readonly kind: 'named'; readonly name: Expression }
  | { readonly kind: 'newid' }
  | { readonly kind: 'negative'; readonly of: Expression }
  | {
      readonly kind: 'arithmetic';
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    };

export type Predicate =
  | { readonly kind: 'and' | 'or'; readonly left: Predicate; readonly right: Predicate }
  | { readonly kind: 'not'; readonly of: Predicate }
  | {
      readonly kind: 'compare';
      readonly comparison: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'null' | 'exists'; readonly of: Property }
  | { readonly kind: 'in'; readonly of: Expression; readonly list: readonly Expression[] }
  | {
      readonly kind: 'like';
      readonly of: Expression;
      readonly pattern: Expression;
      readonly escape: Expression | undefined;
    };

/** The message as rules see it. User properties are found by their lower-cased name. */
export interface Facts {
  readonly system: Partial<Record<SystemProperty, string>>;
  readonly user: ReadonlyMap<string, { readonly key: string; readonly value: unknown }>;
}

/** undefined is SQL's unknown: a property that is not there, or an operation that has no answer. */
type Value = string | number | boolean | undefined;

/**
 * Three-valued logic: true, false, or unknown
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter#property-evaluation-semantics).
 */
export function holds(predicate: Predicate, facts: Facts): boolean | undefined {
  switch (predicate.kind) {
    case 'and': {
      const [left, right] = [holds(predicate.left, facts), holds(predicate.right, facts)];
      if (left === false || right === false) return false;
      return left === undefined || right === undefined ? undefined : true;
    }
    case 'or': {
      const [left, right] = [holds(predicate.left, facts), holds(predicate.right, facts)];
      if (left === true || right === true) return true;
      return left === undefined || right === undefined ? undefined : false;
    }
    case 'not':
      return negated(holds(predicate.of, facts));
    case 'compare':
      return compare(predicate.comparison, valueOf(predicate.left, facts), valueOf(predicate.right, facts));
    case 'null':
      return rawOf(predicate.of, facts) == null;
    case 'exists':
      return predicate.of.kind === 'user'
        ? facts.user.has(predicate.of.name.toLowerCase())
        : facts.system[predicate.of.name] !== undefined;
    case 'in':
      return isIn(valueOf(predicate.of, facts), predicate.list, facts);
    case 'like': {
      const [text, pattern] = [valueOf(predicate.of, facts), valueOf(predicate.pattern, facts)];
      const escape = predicate.escape && valueOf(predicate.escape, facts);
      if (typeof text !== 'string' || typeof pattern !== 'string') return undefined;
      if (predicate.escape && typeof escape !== 'string') return undefined;
      return likePattern(pattern, typeof escape === 'string' ? escape : undefined).test(text);
    }
  }
}

const negated = (value: boolean | undefined): boolean | undefined => (value === undefined ? value : !value);

export function valueOf(expression: Expression, facts: Facts): Value {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'system':
    case 'user':
      return scalar(rawOf(expression, facts));
    case 'named': {
      const name = valueOf(expression.name, facts);
      return typeof name === 'string' ? scalar(facts.user.get(name.toLowerCase())?.value) : undefined;
    }
    case 'newid':
      return randomUUID();
    case 'negative': {
      const value = valueOf(expression.of, facts);
      return typeof value === 'number' ? -value : undefined;
    }
    case 'arithmetic':
      return arithmetic(
        expression.operator,
        valueOf(expression.left, facts),
        valueOf(expression.right, facts),
      );
  }
}

function rawOf(property: Property, facts: Facts): unknown {
  return property.kind === 'system'
    ? facts.system[property.name]
    : facts.user.get(property.name.toLowerCase())?.value;
}

/** Dates, bytes and whole numbers beyond 2^53 exist, and compare with nothing. */
function scalar(value: unknown): Value {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined;
}

/** Values of two types are neither equal nor different: unknown. */
function compare(comparison: Comparison, left: Value, right: Value): boolean | undefined {
  if (left === undefined || right === undefined || typeof left !== typeof right) return undefined;
  switch (comparison) {
    case '=':
      return left === right;
    case '<>':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

function isIn(value: Value, list: readonly Expression[], facts: Facts): boolean | undefined {
  if (value === undefined) return undefined;
  return list.some((item) => valueOf(item, facts) === value);
}

/** As in C#: + joins texts, and whole numbers divided give a whole number. */
function arithmetic(operator: Operator, left: Value, right: Value): Value {
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right;
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      if (!Number.isInteger(left) || !Number.isInteger(right)) return left / right;
      return right === 0 ? undefined : Math.trunc(left / right);
    case '%':
      return right === 0 ? undefined : left % right;
  }
}

/** % stands for any characters, _ for one; the escape character makes the next one mean itself. */
function likePattern(pattern: string, escape: string | undefined): RegExp {
  let source = '';
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] ?? '';
    if (character === escape) source += literal(characters[++i] ?? '');
    else if (character === '%') source += '.*';
    else if (character === '_') source += '.';
    else source += literal(character);
  }
  return new RegExp(`^${source}$`, 'su');
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
