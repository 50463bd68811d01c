import type { Definition } from './definition';
import { badRequest } from './errors';
import { effectiveKey } from './hashing';
import type { PartitionKey } from './partition-key';
import { wholeSpan } from './ranges';
import { aggregates } from './sql/aggregates';
import type { Expression, Query } from './sql/ast';
import type { CompiledQuery } from './sql/compile';
import type { JsonObject, Value } from './sql/value';

/** The SDK puts its condition for going on within an ordered query in the place of this. */
const filterPlace = '{documentdb-formattableorderbyquery-filter}';

type Parameters = ReadonlyMap<string, Value>;

/**
 * How the SDK takes a query to several physical partitions: what each is asked (`rewrittenQuery`) and how the answers
 * are put together. The format is what its queryExecutionContext reads; the texts are those of the service.
 */
export function planOf(compiled: CompiledQuery, parameters: Parameters, definition: Definition): JsonObject {
  const { query } = compiled;
  const [top, offset, limit] = [query.top, query.offset, query.limit].map((count) =>
    numberOf(count, parameters),
  );
  const grouping = groupingOf(query);
  const orders = query.orderBy.map(({ descending }) => (descending ? 'Descending' : 'Ascending'));
  const distinctType = !query.distinct ? 'None' : isOrderedDistinct(query) ? 'Ordered' : 'Unordered';
  return {
    partitionedQueryExecutionInfoVersion: 2,
    queryInfo: {
      distinctType,
      top: top ?? null,
      offset: offset ?? null,
      limit: limit ?? null,
      orderBy: orders,
      orderByExpressions: query.written.orderBy,
      groupByExpressions: query.written.groupBy,
      groupByAliases: grouping?.aliases ?? [],
      aggregates: grouping?.aggregates ?? [],
      groupByAliasToAggregateType: grouping?.aliasTypes ?? {},
      rewrittenQuery: rewritten(compiled, grouping, { distinctType, top, offset, limit }),
      hasSelectValue: query.select.kind === 'value',
      hasNonStreamingOrderBy: false,
    },
    queryRanges: rangesOf(keysOf(compiled, parameters, definition), definition),
  };
}

/** The partition keys, or prefixes of hierarchical ones, that the filter allows; undefined when it allows all. */
export function keysOf(
  compiled: CompiledQuery,
  parameters: Parameters,
  { paths }: Pick<Definition, 'paths'>,
): PartitionKey[] | undefined {
  let keys: PartitionKey[] = [[]];
  for (const path of paths) {
    const allowed = compiled.allowed(path, parameters);
    if (allowed === undefined || allowed.some((value) => typeof value === 'object' && value !== null)) break;
    keys = keys.flatMap((key) => allowed.map((value) => [...key, value]));
  }
  return keys[0]?.length === 0 ? undefined : keys;
}

function rangesOf(keys: PartitionKey[] | undefined, { isHierarchical, paths }: Definition): JsonObject[] {
  if (keys === undefined) return [{ ...wholeSpan, isMinInclusive: true, isMaxInclusive: false }];
  const ranges = keys.map((key) => {
    const min = effectiveKey(key, isHierarchical);
    return key.length === paths.length
      ? { min, max: min, isMinInclusive: true, isMaxInclusive: true }
      : { min, max: `${min}FF`, isMinInclusive: true, isMaxInclusive: false };
  });
  // The SDK wants them in order, and each once.
  const byStart = new Map(ranges.map((range) => [range.min, range]));
  return [...byStart.values()].sort((a, b) => (a.min < b.min ? -1 : 1));
}

function numberOf(count: Expression | undefined, parameters: Parameters): number | undefined {
  const value =
    count?.kind === 'constant'
      ? count.value
      : count?.kind === 'parameter'
        ? parameters.get(count.name)
        : undefined;
  return typeof value === 'number' ? value : undefined;
}

/** Equal rows come one after the other when the order is that of the only selected value. */
const isOrderedDistinct = ({ orderBy, written }: Query) =>
  orderBy.length > 0 && written.fields.length === 1 && written.fields[0] === written.orderBy[0];

interface Slice {
  distinctType: string;
  top: number | undefined;
  offset: number | undefined;
  limit: number | undefined;
}

/** Empty: every partition is asked the query as it is. */
function rewritten(compiled: CompiledQuery, grouping: Grouping | undefined, slice: Slice): string {
  const { query } = compiled;
  const { written } = query;
  const { top, offset, limit } = slice;
  const where = written.where === undefined ? '' : ` WHERE ${written.where}`;
  if (grouping !== undefined) {
    const groupBy = written.groupBy.length > 0 ? ` GROUP BY ${written.groupBy.join(', ')}` : '';
    return `SELECT ${grouping.select} FROM ${written.from}${where}${groupBy}`;
  }
  // What a partition must give at most; not where rows are dropped only after they were put together.
  const canCut = slice.distinctType !== 'Ordered';
  const first = canCut && top !== undefined ? `TOP ${top} ` : '';
  const tail = canCut && limit !== undefined ? ` OFFSET 0 LIMIT ${(offset ?? 0) + limit}` : '';
  if (query.orderBy.length > 0) {
    const alias = query.from[0]?.alias ?? 'c';
    const items = written.orderBy.map((text) => `{"item": ${text}}`).join(', ');
    const filter = written.where === undefined ? filterPlace : `(${written.where}) AND (${filterPlace})`;
    const orders = query.orderBy.map(
      ({ descending }, i) => `${written.orderBy[i]} ${descending ? 'DESC' : 'ASC'}`,
    );
    return (
      `SELECT ${first}${alias}._rid, [${items}] AS orderByItems, ${payloadOf(query)} AS payload ` +
      `FROM ${written.from} WHERE ${filter} ORDER BY ${orders.join(', ')}${tail}`
    );
  }
  return limit === undefined
    ? ''
    : `SELECT ${query.distinct ? 'DISTINCT ' : ''}${written.select} FROM ${written.from}${where}${tail}`;
}

function payloadOf({ select, written, from }: Query): string {
  if (select.kind === 'star') return from[0]?.alias ?? 'c';
  if (select.kind === 'value') return written.fields[0] ?? '';
  return objectText(select.fields.map(({ name }, i) => [name, written.fields[i] ?? '']));
}

const objectText = (fields: [name: string, text: string][]) =>
  `{${fields.map(([name, text]) => `${JSON.stringify(name)}: ${text}`).join(', ')}}`;

interface Grouping {
  select: string;
  aliases: string[];
  aggregates: string[];
  aliasTypes: Record<string, string | null>;
}

/** What each partition selects of a query with aggregates or GROUP BY. */
function groupingOf({ select, groupBy, written }: Query): Grouping | undefined {
  const values =
    select.kind === 'list'
      ? select.fields.map(({ value }) => value)
      : select.kind === 'value'
        ? [select.value]
        : [];
  if (groupBy.length === 0 && !values.some(hasAggregate)) return undefined;
  const fields = values.map((value, i) => partialOf(value, written.fields[i] ?? ''));
  const keys = written.groupBy.map((text) => `{"item": ${text}}`).join(', ');
  const groupByItems = groupBy.length > 0 ? `[${keys}] AS groupByItems, ` : '';
  const [only] = fields;
  if (select.kind === 'value' && only !== undefined) {
    const payload = only.type === null ? only.text : `[${only.text}]`;
    return {
      select: groupBy.length > 0 ? `${groupByItems}${payload} AS payload` : `VALUE ${payload}`,
      aliases: [],
      aggregates: only.type === null ? [] : [only.type],
      aliasTypes: {},
    };
  }
  const named = select.kind === 'list' ? select.fields : [];
  return {
    select: `${groupByItems}${objectText(named.map(({ name }, i) => [name, fields[i]?.text ?? '']))} AS payload`,
    aliases: named.map(({ name }) => name),
    aggregates: [],
    aliasTypes: Object.fromEntries(named.map(({ name }, i) => [name, fields[i]?.type ?? null])),
  };
}

const typeNames: Record<string, string> = {
  COUNT: 'Count',
  SUM: 'Sum',
  AVG: 'Average',
  MIN: 'Min',
  MAX: 'Max',
};

/** The part of an aggregate that partitions can give and the SDK can put together; other values stay as they are. */
function partialOf(value: Expression, text: string): { text: string; type: string | null } {
  if (!hasAggregate(value)) return { text, type: null };
  const name = value.kind === 'call' ? value.name.toUpperCase() : '';
  const type = Object.hasOwn(typeNames, name) ? typeNames[name] : undefined;
  if (type === undefined) {
    throw badRequest(
      'Cross partition query only supports aggregates by themselves, not in an expression. Give the query a partition key, or compute with the results.',
    );
  }
  const argument = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
  const count = `"count": COUNT(${argument})`;
  const item =
    name === 'AVG'
      ? `{"sum": SUM(${argument}), ${count}}`
      : name === 'MIN' || name === 'MAX'
        ? `{"${name.toLowerCase()}": ${text}, ${count}}`
        : text;
  return { text: `{"item": ${item}}`, type };
}

/** Not in a subquery: its aggregates are its own. */
function hasAggregate(expression: Expression): boolean {
  switch (expression.kind) {
    case 'call':
      return Object.hasOwn(aggregates, expression.name.toUpperCase()) || expression.args.some(hasAggregate);
    case 'member':
      return hasAggregate(expression.target);
    case 'index':
      return hasAggregate(expression.target) || hasAggregate(expression.index);
    case 'object':
      return expression.fields.some(({ value }) => hasAggregate(value));
    case 'array':
      return expression.items.some(hasAggregate);
    case 'unary':
      return hasAggregate(expression.operand);
    case 'binary':
      return hasAggregate(expression.left) || hasAggregate(expression.right);
    case 'all':
    case 'any':
      return expression.operands.some(hasAggregate);
    case 'condition':
      return [expression.test, expression.yes, expression.no].some(hasAggregate);
    default:
      return false;
  }
}
