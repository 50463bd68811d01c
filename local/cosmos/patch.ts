import { badRequest } from './errors';
import { isObject, property, setProperty, type Json, type JsonObject, type Value } from './sql/value';

const maxOperations = 10;

interface PatchOperation {
  op: string;
  path: string[];
  from: string[] | undefined;
  value: Value;
}

/** A patch body is `{ condition?, operations }` or the bare list. */
export function parsePatch(body: unknown): { condition: string | undefined; operations: PatchOperation[] } {
  const { condition, operations } = Array.isArray(body)
    ? { condition: undefined, operations: body as unknown[] }
    : ((body ?? {}) as { condition?: unknown; operations?: unknown });
  if (!Array.isArray(operations) || operations.length === 0) {
    throw badRequest('A patch needs a list of operations.');
  }
  if (operations.length > maxOperations) {
    throw badRequest(`A patch takes at most ${maxOperations} operations; this one has ${operations.length}.`);
  }
  return {
    condition: typeof condition === 'string' ? condition : undefined,
    operations: operations.map(parseOperation),
  };
}

function parseOperation(operation: unknown): PatchOperation {
  const { op, path, from, value } = (operation ?? {}) as Record<string, Value>;
  if (typeof op !== 'string' || typeof path !== 'string') {
    throw badRequest("A patch operation needs 'op' and 'path'.");
  }
  return {
    op,
    path: parsePointer(path),
    from: typeof from === 'string' ? parsePointer(from) : undefined,
    value,
  };
}

/** A JSON pointer (RFC 6901). */
function parsePointer(pointer: string): string[] {
  if (!pointer.startsWith('/') || pointer.length < 2) {
    throw badRequest(`A patch path must begin with '/' and name a property: '${pointer}'.`);
  }
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Applies the operations in order to `document`, which the caller owns. */
export function applyPatch(document: JsonObject, operations: readonly PatchOperation[]): void {
  for (const operation of operations) applyOne(document, operation);
}

function applyOne(document: JsonObject, { op, path, from, value }: PatchOperation): void {
  switch (op.toLowerCase()) {
    case 'add':
      return write(document, path, given(op, value), 'insert');
    case 'set':
      return write(document, path, given(op, value), 'assign');
    case 'replace':
      existing(document, path);
      return write(document, path, given(op, value), 'assign');
    case 'remove':
      return remove(document, path);
    case 'incr': {
      if (typeof value !== 'number') throw badRequest("Patch 'incr' needs a number as 'value'.");
      const current = lookup(document, path) ?? 0;
      if (typeof current !== 'number') throw badRequest("Patch 'incr' works on a number only.");
      return write(document, path, current + value, 'assign');
    }
    case 'move': {
      if (from === undefined) throw badRequest("Patch 'move' needs 'from'.");
      if (path.length > from.length && from.every((step, i) => step === path[i])) {
        throw badRequest("Patch 'move' cannot move a value into itself.");
      }
      const moved = existing(document, from);
      remove(document, from);
      return write(document, path, moved, 'insert');
    }
    default:
      throw badRequest(`The patch operation '${op}' is not supported.`);
  }
}

function given(op: string, value: Value): Json {
  if (value === undefined) throw badRequest(`Patch '${op}' needs a 'value'.`);
  return value;
}

function step(target: Value, name: string): Value {
  return Array.isArray(target) ? target[indexOf(name)] : property(target, name);
}

const indexOf = (name: string) => (/^(?:0|[1-9]\d*)$/.test(name) ? Number(name) : -1);

const lookup = (document: JsonObject, path: readonly string[]): Value =>
  path.reduce<Value>((value, name) => step(value, name), document);

function existing(document: JsonObject, path: readonly string[]): Json {
  const value = lookup(document, path);
  if (value === undefined) throw badRequest(`The patch path '/${path.join('/')}' does not exist.`);
  return value;
}

function parentOf(
  document: JsonObject,
  path: readonly string[],
): { parent: Json[] | JsonObject; name: string } {
  const parent = lookup(document, path.slice(0, -1));
  const name = path.at(-1) ?? '';
  if (Array.isArray(parent) || isObject(parent)) return { parent, name };
  throw badRequest(`The parent of the patch path '/${path.join('/')}' does not exist.`);
}

function write(document: JsonObject, path: readonly string[], value: Json, mode: 'insert' | 'assign'): void {
  const { parent, name } = parentOf(document, path);
  if (!Array.isArray(parent)) return setProperty(parent, name, value);
  const index = name === '-' ? parent.length : indexOf(name);
  if (index < 0 || index > parent.length)
    throw badRequest(`The patch path '/${path.join('/')}' is out of bounds.`);
  parent.splice(index, mode === 'insert' ? 0 : 1, value);
}

function remove(document: JsonObject, path: readonly string[]): void {
  existing(document, path);
  const { parent, name } = parentOf(document, path);
  if (Array.isArray(parent)) parent.splice(indexOf(name), 1);
  else delete parent[name];
}
