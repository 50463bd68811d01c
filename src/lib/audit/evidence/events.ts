import { canonicalJson } from '../canonical';
import type { TrailReader } from '../verify';

/** What was found among the events of the range. */
export interface EventTally {
  events: number;
  readonly found: Set<string>;
  readonly unsealed: string[];
}

/** The sealed events of a day, each as the very bytes that were hashed: SHA-256 over a zero byte and a line is its leaf. */
export async function* eventLines(
  reader: TrailReader,
  day: string,
  sealed: ReadonlySet<string>,
  tally: EventTally,
): AsyncGenerator<string> {
  for await (const page of reader.events([day]))
    for (const document of page) {
      const id = idOf(document);
      if (sealed.has(id)) {
        tally.events += 1;
        tally.found.add(id);
        yield hashedText(document);
      } else {
        tally.unsealed.push(id);
      }
    }
}

/** Without what the hash leaves out: where it is stored, the hash and the MAC themselves, and the database's own members. */
function hashedText(document: unknown): string {
  const hashed = Object.fromEntries(
    Object.entries(document as Readonly<Record<string, unknown>>).filter(
      ([name]) => !name.startsWith('_') && name !== 'pk' && name !== 'leafHash' && name !== 'mac',
    ),
  );
  try {
    return canonicalJson(hashed);
  } catch {
    // Not what we wrote, or it could not have been hashed. In the bundle it shows what it is now.
    return JSON.stringify(hashed);
  }
}

function idOf(document: unknown): string {
  const id = (document as Readonly<Record<string, unknown>> | null)?.['id'];
  return typeof id === 'string' ? id : '';
}
