import { readDelimiters } from './delimiters';
import { joinSegments } from './lines';
import { locate } from './locate';
import { headerLine } from './raw-message';
import type { RejectionCode } from './rejections';
import { Splitter, type SplitOptions } from './splitter';
import type { RawMessage, SplitBody } from './types';

/**
 * Bytes to messages: character set, byte order mark, MLLP frame, line ends, batch and concatenation. Whatever the
 * bytes, it never throws and never gives an empty list: what is no message carries its rejection code. The bytes of a
 * message begin at MSH and end with its last line, without the line end, so that a resend in another frame is the same.
 */
export function splitMessages(body: Uint8Array, options: SplitOptions = {}): SplitBody {
  const splitter = new Splitter(options);
  const messages = [...splitter.read(bufferOf(body), true)];
  return { messages, ...splitter.summary() };
}

/**
 * The same messages from a body in pieces of any size, each as soon as it is complete, with the memory of the longest
 * one. Returns what can be said of the body as a whole.
 */
export async function* splitStream(
  body: AsyncIterable<Uint8Array>,
  options: SplitOptions = {},
): AsyncGenerator<RawMessage, Omit<SplitBody, 'messages'>, void> {
  const splitter = new Splitter(options);
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    // What is held is read again with every piece: as much again before that keeps the time linear.
    if (bytes < splitter.heldBytes) continue;
    const more = Buffer.concat(pieces);
    pieces = [];
    bytes = 0;
    yield* splitter.read(more, false);
  }
  yield* splitter.read(Buffer.concat(pieces), true);
  return splitter.summary();
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** One message that is text already, in any framing and line-end convention; a problem where it is not exactly one. */
export function splitText(text: string): RawMessage {
  const bytes = Buffer.from(text, 'utf8');
  // A lone surrogate has no UTF-8 form and comes back as U+FFFD.
  const wellFormed = bytes.toString('utf8');
  const none = (problem: RejectionCode): RawMessage => ({
    index: 0,
    bytes,
    text: '',
    charset: 'utf-8',
    problem,
    diagnostics: [],
  });
  const spans = locate(wellFormed).spans.filter((span) => span.kind === 'message');
  const [span] = spans;
  if (span === undefined) return none(wellFormed.trim() === '' ? 'EMPTY' : 'NOT_HL7');
  if (spans.length > 1) return none('NOT_HL7');
  const own = wellFormed.slice(span.start, span.end);
  const delimiters = readDelimiters(headerLine(own));
  if (delimiters === undefined) return none('MSH_INVALID');
  return { index: 0, bytes, charset: 'utf-8', ...joinSegments(own, delimiters.field) };
}
