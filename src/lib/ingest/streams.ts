/** At least the first `count` bytes of a source, if it has so many, and the source from its beginning. */
export async function beginning(
  source: AsyncIterable<Uint8Array>,
  count: number,
): Promise<{ readonly head: Buffer; readonly isAll: boolean; readonly all: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let isAll = false;
  while (bytes < count && !isAll) {
    const next = await iterator.next();
    if (next.done === true) isAll = true;
    else {
      pieces.push(next.value);
      bytes += next.value.length;
    }
  }
  const head = Buffer.concat(pieces);
  async function* all(): AsyncGenerator<Uint8Array, void> {
    yield head;
    while (!isAll) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
  return { head, isAll, all: all() };
}

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}
