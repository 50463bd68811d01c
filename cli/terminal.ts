/** To the second; `--json` has it all. */
export const shortTime = (instant: string | undefined): string | undefined =>
  instant?.replace(/\.\d+(?=Z$)/, '');

/**
 * Rows under their column names, as wide as needed; nothing is cut, so the output can be searched. Columns of any length
 * come last, so that the others line up in a narrow terminal. A control character would steer the terminal.
 */
export function table(rows: readonly Readonly<Record<string, string | number | undefined>>[]): string {
  const [first] = rows;
  if (first === undefined) return 'Nothing found.';
  const columns = Object.keys(first);
  const text = rows.map((row) =>
    columns.map((column) => String(row[column] ?? '').replace(/\p{Cc}/gu, '\ufffd')),
  );
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...text.map((cells) => cells[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.toUpperCase())), ...text.map(line)].join('\n');
}

/** Every listing: for programs one object with `items`, for people a table. */
export function printList<T>(
  items: readonly T[],
  json: boolean | undefined,
  row: (item: T) => Record<string, string | number | undefined>,
): void {
  console.log(json ? JSON.stringify({ items }) : table(items.map(row)));
}

/** A bar on standard error while a person watches; silent in a pipe or in CI. */
export function progress(label: string, total: number): { at(done: number): void; end(): void } {
  if (!process.stderr.isTTY || total < 2) return { at: () => undefined, end: () => undefined };
  const width = 30;
  return {
    at(done) {
      const filled = Math.round((width * done) / total);
      process.stderr.write(
        `\r${label} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${total}`,
      );
    },
    end: () => void process.stderr.write('\r\x1b[K'),
  };
}
