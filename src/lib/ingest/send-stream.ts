import { splitStream, type Diagnostic, type RawMessage } from '../hl7';
import { mayBeJson } from './body';
import type { IngestPorts } from './ports';
import { send, type SendOptions, type SentMessage } from './send';
import { beginning, readAll } from './streams';

/** One body is one invocation: a few dozen messages end within seconds, also when the host is asked to stop. */
export const longestGroup = 32 * 1024;

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const noBytes = Buffer.alloc(0);
const lineEnd = Buffer.from('\r');
/** Of a batch that ends without its trailer. */
const openBatch = Buffer.from('BHS|^~\\&\r');

/**
 * A file to the queue, piece by piece, so that its size does not matter. One that fits a queue message goes as it is;
 * a larger one as several bodies of whole messages. Yields what each body holds, returns what is to be said of the
 * file: its batch counts.
 */
export async function* sendStream(
  source: AsyncIterable<Uint8Array>,
  options: SendOptions,
  ports: IngestPorts,
): AsyncGenerator<readonly SentMessage[], readonly Diagnostic[], void> {
  const { head, isAll, all } = await beginning(source, ports.maxInlineBytes + 1);
  // JSON and UTF-16 mean something as a whole only; both are rare and small.
  if (isAll || mayBeJson(head) || isUtf16(head)) {
    yield await send(await readAll(all), options, ports);
    return [];
  }
  const mark = markOf(head);
  const limit = Math.min(longestGroup, ports.maxInlineBytes);
  const messages = splitStream(all);
  let group: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const next = await messages.next();
    const message = next.done === true ? undefined : next.value;
    const size = message === undefined ? 0 : message.bytes.length + lineEnd.length;
    const isAlone = message?.problem !== undefined;
    const isFull = message === undefined || isAlone || mark.length + bytes + size > limit;
    if (isFull && group.length > 0) {
      yield await send(Buffer.concat([mark, ...group]), options, ports);
      group = [];
      bytes = 0;
    }
    if (next.done === true) return next.value.diagnostics;
    if (message === undefined) continue;
    if (isAlone) yield await send(alone(message, mark), options, ports);
    else {
      group.push(message.bytes, lineEnd);
      bytes += size;
    }
  }
}

/** What the byte order mark says of the whole it has to say of each body. */
export const markOf = (head: Buffer): Buffer =>
  head.subarray(0, 3).equals(byteOrderMark) ? byteOrderMark : noBytes;

/** What is wrong with a message in its batch is wrong with it in the body of its own. */
function alone({ problem, text, bytes }: RawMessage, mark: Buffer): Uint8Array {
  // A body without any message is refused whole, and begins with its mark.
  if (mark.equals(bytes.subarray(0, byteOrderMark.length))) return bytes;
  return Buffer.concat([mark, problem === 'BATCH_TRUNCATED' && text !== '' ? openBatch : noBytes, bytes]);
}

export const isUtf16 = (head: Buffer): boolean =>
  head.subarray(0, 3).includes(0) || /^(?:\xff\xfe|\xfe\xff)/.test(head.toString('latin1', 0, 2));
