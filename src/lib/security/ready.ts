/**
 * At hand already, or soon. A promise costs more than a MAC: what is asked for per event and almost always cached is
 * handed over at once, and only the first caller of an hour waits.
 */
export type Ready<T> = T | Promise<T>;

export function whenReady<T, R>(value: Ready<T>, use: (value: T) => R): Ready<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}

export function allReady<T>(values: readonly Ready<T>[]): Ready<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[]);
}
