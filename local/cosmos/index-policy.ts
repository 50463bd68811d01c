import type { IndexingPolicy } from './definition';
import { badRequest } from './errors';
import { parsePath } from './partition-key';
import type { Expression } from './sql/ast';
import type { CompiledQuery } from './sql/compile';
import type { Json } from './sql/value';

interface Order {
  path: string[];
  descending: boolean;
}

/**
 * ORDER BY is served from an index or not at all: one path needs a range index, several a composite index with exactly
 * these paths in this order, and with exactly these directions or all of them opposite.
 * https://learn.microsoft.com/azure/cosmos-db/index-policy#order-by-queries-on-multiple-properties
 */
export function checkOrder({ query, rootAlias }: CompiledQuery, policy: IndexingPolicy): void {
  const orders = query.orderBy.map(({ by, descending }) => ({ path: pathOf(by, rootAlias), descending }));
  const known = orders.filter((order): order is Order => order.path !== undefined);
  // Over an alias of a JOIN or a subquery there is no path of the document to look up.
  if (known.length === 0 || known.length < orders.length) return;
  if (known.length === 1) {
    if (!isIndexed(known[0]?.path ?? [], policy)) {
      throw badRequest(
        'Order-by item requires a corresponding range index to be defined on the specified index path.',
      );
    }
  } else if (!policy.compositeIndexes?.some((index) => serves(index, known))) {
    throw badRequest(
      'The order by query does not have a corresponding composite index that it can be served from. ' +
        "Add one with these paths in this order to 'compositeIndexes' of the container's indexing policy.",
    );
  }
}

function pathOf(expression: Expression, rootAlias: string | undefined): string[] | undefined {
  if (expression.kind === 'name') return expression.name === rootAlias ? [] : undefined;
  if (expression.kind !== 'member') return undefined;
  const parent = pathOf(expression.target, rootAlias);
  return parent && [...parent, expression.name];
}

function serves(index: readonly { path: string; order?: string }[], orders: readonly Order[]): boolean {
  if (index.length !== orders.length) return false;
  const turned = index.map(({ path, order }, i) => {
    const wanted = orders[i];
    if (wanted === undefined || parsePath(path).join('/') !== wanted.path.join('/')) return undefined;
    return (order?.toLowerCase() === 'descending') !== wanted.descending;
  });
  return turned.every((turn) => turn !== undefined && turn === turned[0]);
}

/** The most precise path of the policy that covers this one decides. */
function isIndexed(path: readonly string[], policy: IndexingPolicy): boolean {
  if (policy.indexingMode?.toLowerCase() === 'none') return false;
  // Indexed whatever the policy says.
  if (path.length === 1 && (path[0] === 'id' || path[0] === '_ts')) return true;
  const precision = (paths: readonly { path: string }[] | undefined) =>
    Math.max(-1, ...(paths ?? []).map(({ path: pattern }) => precisionOf(parsePath(pattern), path)));
  return precision(policy.includedPaths) > precision(policy.excludedPaths);
}

/** `/a/?` covers the value at `/a`, `/a/*` that and all below it. The longer the cover, the more precise. */
function precisionOf(pattern: readonly string[], path: readonly string[]): number {
  const steps = pattern.slice(0, -1);
  const covers = steps.every((step, i) => step === path[i]);
  if (!covers) return -1;
  if (pattern.at(-1) === '*') return steps.length * 2;
  return steps.length === path.length ? steps.length * 2 + 1 : -1;
}

const known = new WeakMap<IndexingPolicy, Map<string, boolean>>();

/** How many values of a document the index holds, which is a part of what writing it costs. */
export function indexedValues(document: Json, policy: IndexingPolicy): number {
  let answers = known.get(policy);
  if (answers === undefined) known.set(policy, (answers = new Map<string, boolean>()));
  return countValues(document, [], policy, answers);
}

function countValues(
  value: Json,
  path: string[],
  policy: IndexingPolicy,
  answers: Map<string, boolean>,
): number {
  if (Array.isArray(value)) {
    return value.reduce<number>((sum, item) => sum + countValues(item, [...path, '[]'], policy, answers), 0);
  }
  if (typeof value === 'object' && value !== null) {
    let sum = 0;
    for (const [name, item] of Object.entries(value)) {
      if (path.length > 0 || !name.startsWith('_'))
        sum += countValues(item, [...path, name], policy, answers);
    }
    return sum;
  }
  const key = path.join('/');
  let isIn = answers.get(key);
  if (isIn === undefined) {
    isIn = isIndexed(path, policy);
    // Names may be data; then it is not worth keeping them all.
    if (answers.size < 1000) answers.set(key, isIn);
  }
  return isIn ? 1 : 0;
}
