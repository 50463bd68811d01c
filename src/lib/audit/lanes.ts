/**
 * Works on all items, a few at a time. After a failure nothing more is begun; it is thrown when what was begun has ended,
 * so that nothing goes on behind the caller's back.
 */
export async function inLanes<T>(
  lanes: number,
  items: AsyncGenerator<T> | Generator<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const lane = async (): Promise<void> => {
    // Leaving the loop by an error ends the generator, and with it the other lanes' loops.
    for await (const item of items) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}
