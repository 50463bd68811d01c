/** Resolves when all of the work is done, at the latest after the limit. */
export async function within(limitMs: number, work: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((settle) => (timer = setTimeout(settle, limitMs)));
  await Promise.race([Promise.all(work), limit]).finally(() => clearTimeout(timer));
}
