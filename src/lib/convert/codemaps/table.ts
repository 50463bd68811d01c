import type { Coding } from 'fhir/r4';

/** A lookup that knows only its own keys: `__proto__` and `constructor` are names a sender may use. */
export function table<T>(rows: Readonly<Record<string, T>>): (code: string | undefined) => T | undefined {
  const map = new Map(Object.entries(rows));
  return (code) => (code === undefined ? undefined : map.get(code));
}

export const terminology = 'http://terminology.hl7.org/CodeSystem';

/** Rows `code: [target, display]` of one target system. */
export function codings(
  system: string,
  rows: Readonly<Record<string, readonly [code: string, display: string]>>,
): (code: string | undefined) => Coding | undefined {
  return table(
    Object.fromEntries(
      Object.entries(rows).map(([source, [code, display]]) => [source, { system, code, display }]),
    ),
  );
}
