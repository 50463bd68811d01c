/**
 * Works on all items, a few at a time. A failure is thrown when what was begun has ended, so that nothing goes on behind
 * the caller's back; where the items come from a generator, nothing more is begun after it.
 */
export async function inLanes<T>(
  lanes: number,
  items: AsyncGenerator<T> | IterableIterator<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const lane = async (): Promise<void> => {
    // Leaving the loop by an error ends the generator, and with it the other lanes' loops.
    for await (const item of items) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}
