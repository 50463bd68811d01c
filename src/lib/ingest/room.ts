/** Does work once there is room for it. */
export type Room = <T>(size: number, work: () => Promise<T>) => Promise<T>;

/**
 * A room that its guests share: each comes in, in order, when it fits beside those who are there. Who is larger than
 * the whole room has it alone.
 */
export function createRoom(capacity: number): Room {
  let taken = 0;
  const queue: { readonly size: number; enter(): void }[] = [];

  function admit(): void {
    for (let next = queue[0]; next && (taken === 0 || taken + next.size <= capacity); next = queue[0]) {
      queue.shift();
      taken += next.size;
      next.enter();
    }
  }

  return async (size, work) => {
    await new Promise<void>((enter) => {
      queue.push({ size, enter });
      admit();
    });
    try {
      return await work();
    } finally {
      taken -= size;
      admit();
    }
  };
}
