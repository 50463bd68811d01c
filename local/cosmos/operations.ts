import { readCharge, writeCharge } from './charge';
import type { Changes, Item } from './container';
import { badRequest, conflict, CosmosError, notFound } from './errors';
import { indexedValues } from './index-policy';
import { applyPatch, parsePatch } from './patch';
import { keyOf, keyText } from './partition-key';
import { compileCached } from './query';
import { SqlError } from './sql/lexer';
import { isObject, type JsonObject } from './sql/value';

export type OperationType = 'Create' | 'Upsert' | 'Read' | 'Replace' | 'Delete' | 'Patch';

export interface Operation {
  type: OperationType;
  /** Of the item addressed; Create and Upsert take it from the body. */
  id?: string | undefined;
  body?: unknown;
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

export interface Outcome {
  status: number;
  item?: Item;
  written: boolean;
  charge: number;
}

const maxItemBytes = 2 * 1024 * 1024;

/** Does one operation on `changes`, or throws; then the changes are not to be applied. */
export function perform(changes: Changes, operation: Operation): Outcome {
  switch (operation.type) {
    case 'Create':
    case 'Upsert':
      return insert(changes, operation);
    case 'Read': {
      const item = find(changes, operation.id);
      const charge = readCharge(item.row.body.length);
      return { status: operation.ifNoneMatch === item.etag ? 304 : 200, item, written: false, charge };
    }
    case 'Replace': {
      const item = matching(changes, operation);
      const { document, id, ttl } = itemFrom(changes, operation.body);
      if (id !== operation.id) throw badRequest('The id of an item cannot be changed by replacing it.');
      return put(changes, document, id, ttl, item);
    }
    case 'Delete': {
      const item = matching(changes, operation);
      changes.remove(item.row.id);
      return { status: 204, written: true, charge: chargeOf(changes, item, false) };
    }
    case 'Patch':
      return patch(changes, operation);
  }
}

function insert(changes: Changes, { type, body, ifMatch, ifNoneMatch }: Operation): Outcome {
  const { document, id, ttl } = itemFrom(changes, body);
  const existing = changes.get(id);
  if (existing === undefined) {
    return put(changes, document, id, ttl);
  }
  if (type === 'Create' || ifNoneMatch === '*') {
    throw conflict('Resource with specified id or name already exists.');
  }
  checkMatch(existing, ifMatch);
  return put(changes, document, id, ttl, existing);
}

function patch(changes: Changes, operation: Operation): Outcome {
  const item = matching(changes, operation);
  const { condition, operations } = parsePatch(operation.body);
  if (condition !== undefined && !holds(condition, item)) {
    throw new CosmosError(412, 'The condition of the patch does not hold for the item.', 1110);
  }
  const before = item.document;
  const after = JSON.parse(item.row.body) as JsonObject;
  applyPatch(after, operations);
  if (['id', '_rid', '_self', '_ts', '_etag'].some((name) => after[name] !== before[name])) {
    throw badRequest('A patch cannot change the id or a system property.');
  }
  const { document, id, ttl } = itemFrom(changes, after);
  return put(changes, document, id, ttl, item);
}

/** The condition is the tail of a query: `FROM c WHERE ...`. */
function holds(condition: string, item: Item): boolean {
  try {
    const query = compileCached(`SELECT * ${condition}`);
    return [...query.run([item.document], new Map(), Date.now())].length > 0;
  } catch (error) {
    throw error instanceof SqlError ? badRequest(`The condition of the patch: ${error.message}`) : error;
  }
}

function find(changes: Changes, id: string | undefined): Item {
  const item = id === undefined ? undefined : changes.get(id);
  if (item === undefined) throw notFound('The item');
  return item;
}

function matching(changes: Changes, { id, ifMatch }: Operation): Item {
  const item = find(changes, id);
  checkMatch(item, ifMatch);
  return item;
}

function checkMatch(item: Item, ifMatch: string | undefined): void {
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== item.etag) {
    throw new CosmosError(412, 'The item has changed: its ETag is not the one of the If-Match condition.');
  }
}

function put(
  changes: Changes,
  document: JsonObject,
  id: string,
  ttl: number | null,
  previous?: Item,
): Outcome {
  const item = changes.put(document, id, ttl, previous);
  if (Buffer.byteLength(item.row.body) > maxItemBytes) throw tooLarge();
  const isUpdate = previous !== undefined;
  return { status: isUpdate ? 200 : 201, item, written: true, charge: chargeOf(changes, item, isUpdate) };
}

const chargeOf = ({ container }: Changes, { row, document }: Item, isUpdate: boolean) =>
  writeCharge(row.body.length, indexedValues(document, container.definition.indexing), isUpdate);

export const tooLarge = () =>
  new CosmosError(413, `Request size is too large: the limit is ${maxItemBytes} bytes.`);

function itemFrom(changes: Changes, body: unknown): { document: JsonObject; id: string; ttl: number | null } {
  if (!isObject(body)) throw badRequest('The body of an item must be a JSON object.');
  const { id, ttl } = body;
  checkId(id);
  if (ttl !== undefined && ttl !== null && !isTtl(ttl)) {
    throw badRequest("The 'ttl' of an item must be -1 or a positive whole number of seconds.");
  }
  if (keyText(keyOf(body, changes.container.definition.paths)) !== changes.pk) {
    throw badRequest(
      "PartitionKey extracted from document doesn't match the one specified in the header",
      1001,
    );
  }
  return { document: body, id, ttl: ttl ?? null };
}

export const isTtl = (ttl: unknown): ttl is number =>
  typeof ttl === 'number' && Number.isInteger(ttl) && (ttl === -1 || (ttl > 0 && ttl <= 2 ** 31 - 1));

export function checkId(id: unknown): asserts id is string {
  if (typeof id !== 'string' || id.length === 0) {
    throw badRequest("The input content is invalid because the required property 'id' is missing.");
  }
  if (/[/\\?#]/.test(id)) throw badRequest('An id must not contain any of the characters / \\ ? #.');
  if (Buffer.byteLength(id) > 1023) throw badRequest('An id must not be longer than 1,023 bytes.');
}
