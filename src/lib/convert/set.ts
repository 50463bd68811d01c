/** Sets a property only when there is a value: output holds no `undefined`, in memory or as JSON. */
export function set<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) target[key] = value;
}

/** FHIR has no empty arrays. */
export function list<T>(values: readonly (T | undefined)[]): T[] | undefined {
  const present = values.filter((value) => value !== undefined);
  return present.length === 0 ? undefined : present;
}

/** An array for FHIR of what each repetition gives. */
export function each<S, T>(sources: readonly S[], convert: (source: S) => T | undefined): T[] | undefined {
  if (sources.length === 0) return undefined;
  return list(sources.map(convert));
}
