import { randomUUID } from 'node:crypto';
import type { TypedData } from '../protocol';

/** What `{name}` in a binding can refer to: trigger metadata, route parameters, properties of a JSON payload. */
export type BindingData = Readonly<Record<string, unknown>>;

/**
 * Replaces `{name}`, `{name.sub}`, `{rand-guid}` and `{DateTime}` (`{DateTime:yyyy-MM-dd}`) as Azure's binding
 * expressions do; names are case-insensitive. An unknown name fails the invocation.
 */
export function resolveExpressions(template: string, data: BindingData, now = new Date()): string {
  return template.replace(/\{([^{}]+)\}/g, (_, expression: string) => {
    const value = valueOf(expression, data, now);
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  });
}

/** The value of one expression, with its type. */
export function valueOf(expression: string, data: BindingData, now = new Date()): unknown {
  const [name = '', format] = splitOnce(expression);
  switch (name.toLowerCase()) {
    case 'rand-guid':
    case 'sys.randguid':
      return format?.toUpperCase() === 'N' ? randomUUID().replaceAll('-', '') : randomUUID();
    case 'datetime':
    case 'sys.utcnow':
      return formatTime(now, format);
  }
  const value = find(data, name.split('.'));
  if (value === undefined || value === null) {
    throw new Error(`No value was provided for the binding expression {${expression}}.`);
  }
  return value;
}

/** Trigger metadata as values. A string stays one, also where it looks like JSON. */
export function bindingDataOf(metadata: Readonly<Record<string, TypedData>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      name,
      value.string ?? (value.json === undefined ? (value.int ?? value.double) : JSON.parse(value.json)),
    ]),
  );
}

/** Properties of a JSON object payload, which may be nested; anything else has none. */
export function payloadData(text: string | undefined): Record<string, unknown> {
  if (!text?.trimStart().startsWith('{')) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function find(data: unknown, path: readonly string[]): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    const entries = Object.entries(value);
    value = (entries.find(([key]) => key === part) ?? entries.find(([key]) => same(key, part)))?.[1];
  }
  return value;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function splitOnce(expression: string): [string, string?] {
  const at = expression.indexOf(':');
  return at < 0 ? [expression.trim()] : [expression.slice(0, at).trim(), expression.slice(at + 1)];
}

/** The parts of .NET's date patterns that names of blobs and documents are made of. */
function formatTime(now: Date, format: string | undefined): string {
  if (!format) return `${now.toISOString().slice(0, 19)}Z`;
  const iso = now.toISOString();
  const parts: Readonly<Record<string, string>> = {
    yyyy: iso.slice(0, 4),
    yy: iso.slice(2, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
    fff: iso.slice(20, 23),
  };
  return format.replace(/yyyy|yy|MM|dd|HH|mm|ss|fff/g, (part) => parts[part] ?? part);
}
