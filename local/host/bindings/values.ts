import type { TypedData } from '../protocol';

/** A value as the bytes or the text that a service stores. */
export function contentOf(value: TypedData): string | Buffer {
  if (value.bytes) return Buffer.from(value.bytes);
  return value.string ?? value.json ?? String(value.int ?? value.double ?? '');
}

/** An array is so many messages or documents, anything else is one. */
export function itemsOf(value: TypedData): (string | Buffer)[] {
  const list: unknown = value.json?.startsWith('[') ? JSON.parse(value.json) : undefined;
  if (!Array.isArray(list)) return [contentOf(value)];
  return list.map((item: unknown) => (typeof item === 'string' ? item : JSON.stringify(item)));
}
