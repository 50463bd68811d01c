/** So many lines go to the compressor at once: one at a time costs more than it compresses. */
const LINES = 1000;

/** Lines in pieces. Nothing for no lines. */
export async function* inPieces(lines: AsyncIterable<string>): AsyncGenerator<string> {
  const piece: string[] = [];
  for await (const line of lines) {
    piece.push(`${line}\n`);
    if (piece.length === LINES) yield piece.splice(0).join('');
  }
  if (piece.length > 0) yield piece.join('');
}
