import { splitMessages, splitStream, type Diagnostic, type RawMessage, type RejectionCode } from '../hl7';
import { decodeBody, jsonStartBytes, mayBeJson, type Body } from './body';
import { beginning, readAll } from './streams';

export interface Found {
  readonly raw: RawMessage;
  readonly refusal?: RejectionCode;
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Every message in bytes that somebody calls HL7; at least one, which may be a refusal. */
export const messagesIn = (bytes: Uint8Array, charset?: 'utf-8'): Found[] =>
  messagesOf(decodeBody(bytes, 'hl7'), bytes, charset);

/**
 * The same from bytes that arrive in pieces, each message as soon as it is complete. Returns what is to be said of them
 * together. JSON is read whole: it can be told from HL7 by its first character, and taken apart only at its end.
 */
export async function* messagesInStream(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Found, readonly Diagnostic[], void> {
  const { head, all } = await beginning(source, jsonStartBytes);
  if (mayBeJson(head)) {
    yield* messagesIn(await readAll(all));
    return [];
  }
  const messages = splitStream(all);
  for (;;) {
    const next = await messages.next();
    if (next.done === true) return next.value.diagnostics;
    yield { raw: next.value };
  }
}

export function messagesOf(body: Body, whole: Uint8Array, charset?: 'utf-8'): Found[] {
  if (body.kind !== 'hl7') return [unreadable(whole, body.kind === 'refused' ? body.code : 'BODY_NOT_HL7')];
  // Text that came as JSON is UTF-8 now, whatever MSH-18 said before; a byte order mark tells the reader.
  const isText = (body.charset ?? charset) !== undefined;
  const { messages } = splitMessages(isText ? Buffer.concat([byteOrderMark, body.bytes]) : body.bytes);
  return messages.map((raw) => ({ raw }));
}

export function unreadable(body: Uint8Array, refusal: RejectionCode): Found {
  return { refusal, raw: { index: 0, bytes: body, text: '', charset: '', diagnostics: [] } };
}
