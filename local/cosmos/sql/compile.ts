import { isQuery, type Expression, type Query, type Source } from './ast';
import {
  compileExpression,
  objectOf,
  type AggregateCall,
  type Evaluate,
  type Frame,
  type Scope,
} from './expressions';
import { SqlError } from './lexer';
import { canonical, compareValues } from './order';
import { parse } from './parser';
import type { Json, Value } from './value';

/** So many rows are gathered before those that are not needed are dropped. */
const sortAtOnce = 1000;

/** Where a row stands in its order: rows of equal keys by the number of their document, then as they come of it. */
export interface Place {
  keys: Value[];
  document: number;
  nth: number;
}

/** How far the pages of an ordered query are. Other rows may come and go in between: a place is no count of rows. */
export interface Progress {
  /** The number of the document that was handed out last. */
  document(): number;
  /** The last row that is out, and how many are. */
  readonly after: (Place & { out: number }) | undefined;
  /** No more rows are asked for than these. */
  readonly most: number;
  /** Of the row that was given last. */
  place?: Place;
}

export interface CompiledQuery {
  /** Rows appear in the order of the documents, one document at a time, and nothing depends on another one. */
  readonly streaming: boolean;
  /** Rows have a place in an order, from which `run` can go on. */
  readonly ordered: boolean;
  /** `SELECT *`: a row is the document as it is. */
  readonly wholeDocuments: boolean;
  /** What was written. */
  readonly query: Query;
  /** The name of the container's documents, where they are the first source. */
  readonly rootAlias: string | undefined;
  /** The values of which `path` (`['id']`, or the partition key's) must equal one, where the filter says so. */
  allowed(path: readonly string[], parameters: ReadonlyMap<string, Value>): Value[] | undefined;
  /** Lazily evaluated: a caller that needs one page stops early. */
  run(
    documents: Iterable<Json>,
    parameters: ReadonlyMap<string, Value>,
    now: number,
    progress?: Progress,
  ): Iterable<Json>;
}

export function compile(text: string): CompiledQuery {
  const query = parse(text);
  let slots = 1;
  const root: Scope = {
    slot: () => undefined,
    newSlot: () => slots++,
    aggregates: undefined,
    subquery: (inner, scope) => {
      const { rows } = compileQuery(inner, scope);
      return (frame) => [...rows(frame)];
    },
  };
  const { rows, streaming, rootAlias } = compileQuery(query, root);
  const conjuncts = query.where?.kind === 'all' ? query.where.operands : query.where ? [query.where] : [];
  return {
    streaming,
    ordered: query.orderBy.length > 0 && !query.distinct,
    wholeDocuments: query.select.kind === 'star' && query.from.every((source) => isRoot(source)),
    query,
    rootAlias,
    allowed(path, parameters) {
      for (const conjunct of conjuncts) {
        const found = rootAlias === undefined ? undefined : allowedBy(conjunct, rootAlias, path, parameters);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    *run(documents, parameters, now, progress) {
      const frame: Frame = { slots: new Array<Value>(slots), parameters, now };
      for (const row of rows(frame, documents, progress)) if (row !== undefined) yield row;
    },
  };
}

/** `FROM c`: the container's documents themselves. */
const isRoot = (source: Source) => !source.each && !isQuery(source.input) && source.input.kind === 'name';

/** The constants to which `conjunct` (`alias.path = x` or `alias.path IN (x, y)`) limits the path. */
function allowedBy(
  conjunct: Expression,
  alias: string,
  path: readonly string[],
  parameters: ReadonlyMap<string, Value>,
): Value[] | undefined {
  const constants = (expressions: Expression[]) => {
    const values = expressions.map((expression) =>
      expression.kind === 'constant'
        ? expression.value
        : expression.kind === 'parameter'
          ? parameters.get(expression.name)
          : undefined,
    );
    return values.includes(undefined) ? undefined : values;
  };
  const isPathItself = (expression: Expression) => isMemberOf(expression, alias, path);
  if (conjunct.kind === 'in') return isPathItself(conjunct.operand) ? constants(conjunct.items) : undefined;
  if (conjunct.kind !== 'binary' || conjunct.operator !== '=') return undefined;
  if (isPathItself(conjunct.left)) return constants([conjunct.right]);
  return isPathItself(conjunct.right) ? constants([conjunct.left]) : undefined;
}

function isMemberOf(expression: Expression, alias: string, path: readonly string[]): boolean {
  let target = expression;
  for (const name of [...path].reverse()) {
    if (target.kind !== 'member' || target.name !== name) return false;
    target = target.target;
  }
  return target.kind === 'name' && target.name === alias;
}

interface Compiled {
  rows: (frame: Frame, documents?: Iterable<Json>, progress?: Progress) => Iterable<Value>;
  streaming: boolean;
  rootAlias: string | undefined;
}

function compileQuery(query: Query, outer: Scope): Compiled {
  const names = new Map<string, number>();
  const scope: Scope = {
    ...outer,
    slot: (name) => names.get(name) ?? outer.slot(name),
    aggregates: undefined,
  };
  const sources = query.from.map((source, i) => compileSource(source, scope, names, i === 0));
  const where = query.where && compileExpression(query.where, scope);

  const calls: AggregateCall[] = [];
  const project = compileSelect(query, { ...scope, aggregates: calls }, names);
  const groupBy = query.groupBy.map((expression) => compileExpression(expression, scope));
  const grouped = calls.length > 0 || groupBy.length > 0;
  if (grouped) checkGrouping(query);
  const orderBy = query.orderBy.map(({ by, descending }) => {
    if (!isPath(by)) {
      throw new SqlError('Unsupported ORDER BY: each expression must be the path of a property.');
    }
    return { value: compileExpression(by, scope), direction: descending ? -1 : 1 };
  });
  if (orderBy.length > 0 && grouped) {
    throw new SqlError('ORDER BY is not supported together with GROUP BY or aggregates.');
  }
  const [top, offset, limit] = [query.top, query.offset, query.limit].map(
    (count) => count && compileExpression(count, { ...outer, slot: () => undefined }),
  );

  const rows: Compiled['rows'] = (frame, documents, progress) => {
    const { after, most: asked = Infinity } = progress ?? {};
    const out = after?.out ?? 0;
    const skip = after ? 0 : (count(offset, frame, 'OFFSET') ?? 0);
    const most = (count(limit, frame, 'LIMIT') ?? Infinity) - out;
    const first = (count(top, frame, 'TOP') ?? Infinity) - out;
    const needed = query.distinct ? Infinity : skip + Math.min(most, first, asked);
    let result: Iterable<Value> = grouped
      ? groups(frame, matches(frame, documents))
      : orderBy.length > 0
        ? sorted(matches(frame, documents), progress, needed)
        : projected(matches(frame, documents));
    if (query.distinct) result = distinct(result);
    if (skip > 0 || most < Infinity) result = slice(result, skip, most);
    return first === Infinity ? result : slice(result, 0, first);
  };

  const streaming =
    !grouped &&
    !query.distinct &&
    orderBy.length === 0 &&
    top === undefined &&
    limit === undefined &&
    query.from.length > 0;
  const [first] = query.from;
  return { rows, streaming, rootAlias: first && isRoot(first) ? first.alias : undefined };

  /** Leaves the values of one matching combination of sources in the frame's slots, then yields. */
  function* matches(frame: Frame, documents: Iterable<Json> | undefined, from = 0): Iterable<Frame> {
    const source = sources[from];
    if (source === undefined) {
      if (where === undefined || where(frame) === true) yield frame;
      return;
    }
    const last = from === sources.length - 1;
    for (const value of source.values(frame, documents)) {
      frame.slots[source.slot] = value;
      // Asked here and not one level deeper, which would cost a generator for each document.
      if (!last) yield* matches(frame, documents, from + 1);
      else if (where === undefined || where(frame) === true) yield frame;
    }
  }

  function* projected(found: Iterable<Frame>): Iterable<Value> {
    for (const frame of found) yield project(frame);
  }

  /** Holds little more than the rows that are needed: the first ones of a large container take no more memory. */
  function* sorted(found: Iterable<Frame>, progress: Progress | undefined, needed: number): Iterable<Value> {
    const entries: { place: Place; value: Value }[] = [];
    const sort = (): unknown => entries.sort((a, b) => byPlace(a.place, b.place));
    let [document, nth] = [0, 0];
    for (const frame of found) {
      const current = progress?.document() ?? 0;
      nth = current === document ? nth + 1 : 0;
      document = current;
      const keys = orderBy.map(({ value }) => value(frame));
      const place = { keys, document, nth };
      if (progress?.after && byPlace(place, progress.after) <= 0) continue;
      entries.push({ place, value: project(frame) });
      if (entries.length < 2 * needed + sortAtOnce) continue;
      sort();
      entries.length = Math.max(0, needed);
    }
    sort();
    for (const { place, value } of entries.slice(0, Math.max(0, needed))) {
      if (progress) progress.place = place;
      yield value;
    }
  }

  function byPlace(a: Place, b: Place): number {
    for (const [i, { direction }] of orderBy.entries()) {
      const order = compareValues(a.keys[i], b.keys[i]);
      if (order !== 0) return order * direction;
    }
    return a.document - b.document || a.nth - b.nth;
  }

  function* groups(frame: Frame, found: Iterable<Frame>): Iterable<Value> {
    const start = () => ({ slots: frame.slots.slice(), states: calls.map((call) => call.create()) });
    const byKey = new Map<string, ReturnType<typeof start>>();
    // Without GROUP BY there is always one group, even over no rows.
    if (groupBy.length === 0) byKey.set('', start());
    for (const row of found) {
      const key = groupBy.map((value) => canonical(value(row))).join('\u0000');
      let group = byKey.get(key);
      if (group === undefined) byKey.set(key, (group = start()));
      for (const [i, call] of calls.entries()) group.states[i]?.add(call.argument(row));
    }
    for (const group of byKey.values()) {
      for (const [i, call] of calls.entries()) group.slots[call.slot] = group.states[i]?.result();
      yield project({ ...frame, slots: group.slots });
    }
  }
}

function compileSource(source: Source, scope: Scope, names: Map<string, number>, isFirst: boolean) {
  const { alias, each, input } = source;
  if (names.has(alias)) throw new SqlError(`The name '${alias}' is used for two sources.`);
  const slot = scope.newSlot();
  const values = isQuery(input) ? queryValues(input) : pathValues(input);
  names.set(alias, slot);
  return { slot, values };

  function queryValues(query: Query): (frame: Frame, documents?: Iterable<Json>) => Iterable<Value> {
    const { rows } = compileQuery(query, scope);
    if (!each) return (frame, documents) => defined(rows(frame, isFirst ? documents : undefined));
    return (frame) => elements([...rows(frame)][0]);
  }

  function pathValues(path: Expression): (frame: Frame, documents?: Iterable<Json>) => Iterable<Value> {
    const start = firstName(path);
    // A first source whose name is not known yet is the container, whatever it is called.
    if (scope.slot(start.name) === undefined && isFirst) {
      const root = scope.newSlot();
      if (path === start && !each) return (_, documents) => documents ?? [];
      const value = compileExpression(path, {
        ...scope,
        slot: (name) => (name === start.name ? root : scope.slot(name)),
      });
      return function* (frame, documents) {
        for (const document of documents ?? []) {
          frame.slots[root] = document;
          const found = value(frame);
          if (each) yield* elements(found);
          else if (found !== undefined) yield found;
        }
      };
    }
    const value = compileExpression(path, scope);
    if (each) return (frame) => elements(value(frame));
    return (frame) => defined([value(frame)]);
  }
}

const elements = (value: Value): Json[] => (Array.isArray(value) ? value : []);

function* defined(values: Iterable<Value>): Iterable<Json> {
  for (const value of values) if (value !== undefined) yield value;
}

function firstName(path: Expression): Extract<Expression, { kind: 'name' }> {
  let start = path;
  while (start.kind === 'member' || start.kind === 'index') start = start.target;
  if (start.kind !== 'name') throw new SqlError('A source must be a name or a path.');
  return start;
}

function compileSelect({ select, from }: Query, scope: Scope, names: Map<string, number>): Evaluate {
  if (select.kind === 'value') return compileExpression(select.value, scope);
  if (select.kind === 'list') {
    const seen = new Set<string>();
    for (const { name } of select.fields) {
      if (seen.has(name))
        throw new SqlError(`The name '${name}' is selected twice. Give one of them an alias.`);
      seen.add(name);
    }
    return objectOf(
      select.fields.map(({ name, value }) => ({ name, value: compileExpression(value, scope) })),
    );
  }
  const [only] = from;
  if (only === undefined || from.length > 1) {
    throw new SqlError("'SELECT *' is only valid with a single input set.");
  }
  const slot = names.get(only.alias) ?? 0;
  return (frame) => frame.slots[slot];
}

const isPath = (expression: Expression): boolean =>
  expression.kind === 'name' ||
  ((expression.kind === 'member' || expression.kind === 'index') && isPath(expression.target));

/** Outside aggregates, a grouped query may only select what it groups by. */
function checkGrouping({ select, groupBy }: Query): void {
  const keys = new Set(groupBy.map(textOf));
  const isGrouped = (expression: Expression): boolean => {
    if (keys.has(textOf(expression))) return true;
    switch (expression.kind) {
      case 'constant':
      case 'parameter':
      case 'undefined':
        return true;
      case 'call':
        return /^(COUNT|SUM|AVG|MIN|MAX)$/i.test(expression.name) || expression.args.every(isGrouped);
      case 'binary':
        return isGrouped(expression.left) && isGrouped(expression.right);
      case 'unary':
        return isGrouped(expression.operand);
      case 'condition':
        return [expression.test, expression.yes, expression.no].every(isGrouped);
      case 'object':
        return expression.fields.every((field) => isGrouped(field.value));
      case 'array':
        return expression.items.every(isGrouped);
      case 'member':
        return isGrouped(expression.target);
      default:
        return false;
    }
  };
  const selected =
    select.kind === 'list'
      ? select.fields.map((field) => field.value)
      : select.kind === 'value'
        ? [select.value]
        : [];
  if (select.kind === 'star' || !selected.every(isGrouped)) {
    throw new SqlError('A selected property is neither in an aggregate function nor in the GROUP BY clause.');
  }
}

const textOf = (expression: Expression) =>
  JSON.stringify(expression, (key, value: unknown) => (key === 'at' ? undefined : value));

function count(evaluate: Evaluate | undefined, frame: Frame, clause: string): number | undefined {
  if (evaluate === undefined) return undefined;
  const value = evaluate(frame);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw new SqlError(`${clause} takes a whole number that is not negative.`);
  }
  return value;
}

function* distinct(values: Iterable<Value>): Iterable<Value> {
  const seen = new Set<string>();
  for (const value of values) {
    const key = canonical(value);
    if (seen.has(key)) continue;
    seen.add(key);
    yield value;
  }
}

function* slice(values: Iterable<Value>, skip: number, most: number): Iterable<Value> {
  let at = 0;
  if (most <= 0) return;
  for (const value of values) {
    if (at++ < skip) continue;
    yield value;
    if (at >= skip + most) return;
  }
}
