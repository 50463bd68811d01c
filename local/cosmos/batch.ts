import { Changes, type Container } from './container';
import { badRequest, CosmosError } from './errors';
import { perform, tooLarge, type Operation, type OperationType, type Outcome } from './operations';
import { keyText, parseKey } from './partition-key';
import { contains, type Range } from './ranges';

const maxOperations = 100;
const maxBatchBytes = 2 * 1024 * 1024;
const types = new Set(['Create', 'Upsert', 'Read', 'Replace', 'Delete', 'Patch']);

export interface BatchResult {
  status: number;
  /** JSON text of the list of results. */
  body: string;
  charge: number;
}

export interface Step extends Operation {
  partitionKey: string | undefined;
}

interface Result {
  status: number;
  outcome?: Outcome;
  error?: CosmosError;
}

const isFailure = ({ status }: Result) => status >= 400;

/** All operations on one partition key happen, or none. */
export function runBatch(
  container: Container,
  pk: string,
  steps: readonly Step[],
  bytes: number,
  minimal: boolean,
): BatchResult {
  if (bytes > maxBatchBytes) throw tooLarge();
  if (steps.length > maxOperations) {
    throw badRequest(`A batch takes at most ${maxOperations} operations; this one has ${steps.length}.`);
  }
  const changes = new Changes(container, pk);
  const results: Result[] = [];
  for (const step of steps) {
    const result = attempt(() => {
      if (step.partitionKey !== undefined && keyText(parseKey(step.partitionKey)) !== pk) {
        throw badRequest('All operations of a batch must have the partition key of the batch.', 1001);
      }
      return perform(changes, step);
    });
    results.push(result);
    if (isFailure(result)) break;
  }
  const last = results.at(-1);
  if (last === undefined || !isFailure(last)) {
    container.apply(changes);
    return answer(200, results, minimal);
  }
  const failed = results.length - 1;
  return answer(
    207,
    steps.map((_, i) => (i === failed ? last : { status: 424 })),
    minimal,
  );
}

/** Independent operations on one physical partition, each with its own partition key. */
export function runBulk(
  container: Container,
  steps: readonly Step[],
  range: Range | undefined,
  continueOnError: boolean,
  minimal: boolean,
): BatchResult {
  let failed = false;
  const results = steps.map((step) => {
    if (failed && !continueOnError) return { status: 424 };
    const result = attempt(() => {
      if (step.partitionKey === undefined) throw badRequest('A bulk operation needs its partition key.');
      const changes = new Changes(container, keyText(parseKey(step.partitionKey)));
      if (range !== undefined && !contains(range, container.epk(changes.pk))) {
        throw badRequest(
          `The partition key of the operation is not in the partition key range '${range.id}'.`,
          1001,
        );
      }
      const outcome = perform(changes, step);
      if (outcome.written) container.apply(changes);
      return outcome;
    });
    failed ||= isFailure(result);
    return result;
  });
  return answer(failed ? 207 : 200, results, minimal);
}

function attempt(work: () => Outcome): Result {
  try {
    const outcome = work();
    return { status: outcome.status, outcome };
  } catch (error) {
    if (error instanceof CosmosError) return { status: error.status, error };
    throw error;
  }
}

export function parseSteps(body: unknown): Step[] {
  if (!Array.isArray(body) || body.length === 0) throw badRequest('A batch is a list of operations.');
  return body.map((entry: unknown) => {
    const { operationType, id, resourceBody, ifMatch, ifNoneMatch, partitionKey } = (entry ?? {}) as Record<
      string,
      unknown
    >;
    if (typeof operationType !== 'string' || !types.has(operationType)) {
      throw badRequest(`'${String(operationType)}' is not an operation of a batch.`);
    }
    return {
      type: operationType as OperationType,
      id: text(id),
      body: resourceBody,
      ifMatch: text(ifMatch),
      ifNoneMatch: text(ifNoneMatch),
      partitionKey: text(partitionKey),
    };
  });
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

function answer(status: number, results: readonly Result[], minimal: boolean): BatchResult {
  let total = 0;
  const parts = results.map(({ status: statusCode, outcome, error }) => {
    const item = outcome?.item;
    const charge = outcome?.charge ?? (statusCode === 424 ? 0 : 1);
    total += charge;
    const head = { statusCode, requestCharge: charge, eTag: item?.etag };
    const problem = error && { subStatusCode: error.substatus ?? 0, message: error.message };
    const json = JSON.stringify({ ...head, ...problem });
    return item === undefined || minimal || statusCode === 304
      ? json
      : `${json.slice(0, -1)},"resourceBody":${item.row.body}}`;
  });
  return { status, body: `[${parts.join()}]`, charge: Math.round(total * 100) / 100 };
}
