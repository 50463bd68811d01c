import type { Expression, Query } from './ast';
import { aggregates, type Aggregate } from './aggregates';
import { findFunction, type Clock } from './functions';
import { SqlError } from './lexer';
import { binary, likePattern, unary } from './operators';
import { equal, relation } from './order';
import { property, setProperty, type Json, type JsonObject, type Value } from './value';

/** What one evaluation works on: the values of the sources in scope, and of the aggregates, by slot. */
export interface Frame extends Clock {
  slots: Value[];
  parameters: ReadonlyMap<string, Value>;
}

export type Evaluate = (frame: Frame) => Value;

/** An aggregate call of the query being compiled: what it collects, and the slot its result is read from. */
export interface AggregateCall {
  create(): Aggregate;
  argument: Evaluate;
  slot: number;
}

/** The names visible at one place, and where aggregates found there are collected (absent: not allowed). */
export interface Scope {
  slot(name: string): number | undefined;
  newSlot(): number;
  aggregates: AggregateCall[] | undefined;
  /** Compiles a nested query; its rows see the names of this scope. */
  subquery(query: Query, scope: Scope): (frame: Frame) => Value[];
}

export function compileExpression(expression: Expression, scope: Scope): Evaluate {
  const compile = (inner: Expression) => compileExpression(inner, scope);
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'undefined':
      return () => undefined;
    case 'parameter': {
      const { name } = expression;
      return (frame) => {
        if (!frame.parameters.has(name)) throw new SqlError(`The parameter '${name}' has no value.`);
        return frame.parameters.get(name);
      };
    }
    case 'name': {
      const slot = scope.slot(expression.name);
      if (slot === undefined) {
        throw new SqlError(`Identifier '${expression.name}' could not be resolved.`, expression.at);
      }
      return (frame) => frame.slots[slot];
    }
    case 'member': {
      const target = compile(expression.target);
      const { name } = expression;
      return (frame) => property(target(frame), name);
    }
    case 'index':
      return elementOf(compile(expression.target), compile(expression.index));
    case 'object':
      return objectOf(expression.fields.map(({ name, value }) => ({ name, value: compile(value) })));
    case 'array': {
      const items = expression.items.map(compile);
      return (frame) => items.map((item) => item(frame)).filter(isDefined);
    }
    case 'unary': {
      const operand = compile(expression.operand);
      const apply = operator(unary, expression.operator);
      return (frame) => apply(operand(frame));
    }
    case 'binary': {
      const left = compile(expression.left);
      const right = compile(expression.right);
      const apply = operator(binary, expression.operator);
      return (frame) => apply(left(frame), right(frame));
    }
    case 'all':
      return logical(expression.operands.map(compile), false);
    case 'any':
      return logical(expression.operands.map(compile), true);
    case 'condition': {
      const [test, yes, no] = [compile(expression.test), compile(expression.yes), compile(expression.no)];
      return (frame) => (test(frame) === true ? yes(frame) : no(frame));
    }
    case 'in':
      return memberOf(compile(expression.operand), expression.items.map(compile));
    case 'between':
      return between(compile(expression.operand), compile(expression.low), compile(expression.high));
    case 'like':
      return like(compile(expression.operand), compile(expression.pattern), expression.escape);
    case 'call':
      return call(expression, scope);
    case 'subquery': {
      const rows = scope.subquery(expression.query, { ...scope, aggregates: undefined });
      if (expression.mode === 'exists') return (frame) => rows(frame).length > 0;
      if (expression.mode === 'array') return (frame) => rows(frame).filter(isDefined);
      return (frame) => rows(frame)[0];
    }
  }
}

const isDefined = (value: Value): value is Json => value !== undefined;

function operator<T>(table: Record<string, T>, name: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) throw new SqlError(`The operator '${name}' is not supported.`);
  return found;
}

function elementOf(target: Evaluate, index: Evaluate): Evaluate {
  return (frame) => {
    const [value, at] = [target(frame), index(frame)];
    if (typeof at === 'string') return property(value, at);
    return Array.isArray(value) && typeof at === 'number' ? value[at] : undefined;
  };
}

export function objectOf(fields: { name: string; value: Evaluate }[]): Evaluate {
  return (frame) => {
    const object: JsonObject = {};
    for (const field of fields) {
      const value = field.value(frame);
      if (value !== undefined) setProperty(object, field.name, value);
    }
    return object;
  };
}

/**
 * AND and OR in three values: one `decisive` operand decides (false for AND, true for OR);
 * without one, an operand that is not a boolean makes the result undefined.
 */
function logical(operands: Evaluate[], decisive: boolean): Evaluate {
  return (frame) => {
    let result: Value = !decisive;
    for (const operand of operands) {
      const value = operand(frame);
      if (value === decisive) return decisive;
      if (typeof value !== 'boolean') result = undefined;
    }
    return result;
  };
}

function memberOf(operand: Evaluate, items: Evaluate[]): Evaluate {
  return (frame) => {
    const value = operand(frame);
    if (value === undefined) return undefined;
    return items.some((item) => equal(value, item(frame)) === true);
  };
}

function between(operand: Evaluate, low: Evaluate, high: Evaluate): Evaluate {
  return (frame) => {
    const value = operand(frame);
    const [fromLow, fromHigh] = [relation(value, low(frame)), relation(value, high(frame))];
    if (fromLow === undefined || fromHigh === undefined) return undefined;
    return fromLow >= 0 && fromHigh <= 0;
  };
}

function like(operand: Evaluate, pattern: Evaluate, escape: string | undefined): Evaluate {
  let compiled: { from: string; regex: RegExp } | undefined;
  return (frame) => {
    const [value, from] = [operand(frame), pattern(frame)];
    if (typeof value !== 'string' || typeof from !== 'string') return undefined;
    if (compiled?.from !== from) compiled = { from, regex: likePattern(from, escape) };
    return compiled.regex.test(value);
  };
}

function call(expression: Extract<Expression, { kind: 'call' }>, scope: Scope): Evaluate {
  const name = expression.name.toUpperCase();
  const create = Object.hasOwn(aggregates, name) ? aggregates[name] : undefined;
  if (create === undefined) {
    const args = expression.args.map((arg) => compileExpression(arg, scope));
    const found = findFunction(expression.name, args.length);
    return (frame) =>
      found.call(
        args.map((arg) => arg(frame)),
        frame,
      );
  }
  if (scope.aggregates === undefined) {
    throw new SqlError(`The aggregate '${name}' is not allowed here.`, expression.at);
  }
  const [argument] = expression.args;
  if (argument === undefined || expression.args.length > 1) {
    throw new SqlError(`The aggregate '${name}' takes one argument.`, expression.at);
  }
  const slot = scope.newSlot();
  scope.aggregates.push({
    create,
    argument: compileExpression(argument, { ...scope, aggregates: undefined }),
    slot,
  });
  return (frame) => frame.slots[slot];
}
