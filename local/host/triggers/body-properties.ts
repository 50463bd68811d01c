import type { TypedData } from '../protocol';

export type Metadata = Readonly<Record<string, unknown>>;

/**
 * The host adds the top-level scalars of a JSON object body to the binding data, *over* the trigger's own properties
 * of the same name in any case. A body `{"messageId":"x"}` hides the broker's message id; apps have to know.
 */
export function withBodyProperties(properties: Metadata, text: string): Metadata {
  if (!text.trimStart().startsWith('{')) return properties;
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return properties;
  }
  const names = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));
  const merged = { ...properties };
  for (const [name, value] of Object.entries(body)) {
    if (value === null || typeof value === 'object') continue;
    const key = names.get(name.toLowerCase()) ?? name;
    names.set(name.toLowerCase(), key);
    Object.defineProperty(merged, key, {
      value: asDotNetText(value),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return merged;
}

const asDotNetText = (value: unknown): string =>
  typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);

/** Texts travel as such; numbers, dates and objects as JSON. */
export const typedMetadata = (metadata: Metadata): Record<string, TypedData> =>
  Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      name,
      typeof value === 'string' ? { string: value } : { json: JSON.stringify(value) },
    ]),
  );
