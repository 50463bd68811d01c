import { isAscii, isUtf8 } from 'node:buffer';
import { MedrelayError } from '../errors';
import { charsetName, decodeBytes, messageCharset } from './charset';
import { encodingCharacters, readDelimiters } from './delimiters';
import { joinSegments } from './lines';
import { holdsSegments, locate, type Span } from './locate';
import { nthPart } from './part';
import type { RejectionCode } from './rejections';
import type { Delimiters, Diagnostic, RawMessage, SplitBody } from './types';

/** How positions in the scanned text relate to bytes of the body. */
interface Scan {
  readonly text: string;
  readonly unit: 1 | 2;
  /** Set when a byte order mark or UTF-16 settles the character set, whatever MSH-18 says. */
  readonly charset?: 'utf-8' | 'utf-16le' | 'utf-16be';
}

function scanBody(body: Buffer): Scan {
  const [a, b, c] = body;
  // Without a mark UTF-16 shows by the zero byte beside the first letter.
  if ((a === 0xff && b === 0xfe) || (a !== undefined && a !== 0 && b === 0 && c !== 0 && c !== undefined))
    return { text: body.toString('utf16le'), unit: 2, charset: 'utf-16le' };
  if ((a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && b !== undefined && c === 0)) {
    const swapped = Buffer.from(body.subarray(0, body.length - (body.length % 2))).swap16();
    return { text: swapped.toString('utf16le'), unit: 2, charset: 'utf-16be' };
  }
  const text = body.toString('latin1');
  return text.startsWith('\xef\xbb\xbf') ? { text, unit: 1, charset: 'utf-8' } : { text, unit: 1 };
}

const warning = (code: string, safeMessage: string, location?: string): Diagnostic => ({
  severity: 'warning',
  code,
  safeMessage,
  ...(location !== undefined && { location }),
});

const headerLine = (text: string): string => text.slice(0, text.search(/[\r\n]|$/));

/** MSH-18 repetitions; empty array when the field is absent, blank or `""`. */
function declaredCharsets(header: string, delimiters: Delimiters): string[] {
  const field = nthPart(header, delimiters.field, 18);
  if (/^["\s]*$/.test(field)) return [];
  return field.split(delimiters.repetition).map((value) => nthPart(value, delimiters.component, 1));
}

const doubledEscape = (header: string, d: Delimiters): Diagnostic[] =>
  nthPart(header, d.field, 2) === encodingCharacters(d)
    ? []
    : [
        warning(
          'ENCODING_CHARACTERS_DOUBLED',
          'MSH-2 holds its escape character twice; it was read as one.',
          'MSH[1]-2',
        ),
      ];

interface Decoded {
  readonly text: string;
  readonly charset: string;
  readonly problem?: RejectionCode;
  readonly diagnostics: readonly Diagnostic[];
}

function decode(
  bytes: Uint8Array,
  header: string,
  delimiters: Delimiters,
  scan: Scan,
  fallback: string,
): Decoded {
  const declared = declaredCharsets(header, delimiters);
  const named = declared.length === 0 ? fallback : messageCharset(declared);
  const location = 'MSH[1]-18';
  const diagnostics: Diagnostic[] = [];
  let charset = scan.charset ?? named;
  if (charset === undefined) return { text: '', charset: '', problem: 'CHARSET_UNKNOWN', diagnostics };
  if (scan.charset !== undefined && declared.length > 0 && named !== scan.charset && named !== 'utf-16')
    diagnostics.push(
      warning(
        'CHARSET_CONFLICT',
        'The bytes show another character set than MSH-18 names; the bytes win.',
        location,
      ),
    );
  // MSH was readable one byte per character, so this is no UTF-16 or UTF-32.
  if (scan.unit === 1 && /^utf-(16|32)/.test(charset)) {
    diagnostics.push(
      warning(
        'CHARSET_CONFLICT',
        'MSH-18 names UTF-16 or UTF-32 but the bytes are not; read as UTF-8.',
        location,
      ),
    );
    charset = 'utf-8';
  }
  let text = decodeBytes(bytes, charset);
  if (text === undefined && charset === 'us-ascii') {
    // No other character set passes for UTF-8 by accident.
    text = decodeBytes(bytes, 'utf-8');
    if (text !== undefined) {
      charset = 'utf-8';
      diagnostics.push(warning('CHARSET_CONFLICT', 'MSH-18 names ASCII but the bytes are UTF-8.', location));
    }
  }
  if (text === undefined) {
    const hint =
      declared.length === 0
        ? 'MSH-18 is empty and the bytes are not valid in the default character set. Set the character set in the sender profile.'
        : 'The bytes are not valid in the character set that MSH-18 names.';
    diagnostics.push({ severity: 'error', code: 'CHARSET_INVALID', location, safeMessage: hint });
    return { text: '', charset, problem: 'CHARSET_INVALID', diagnostics };
  }
  if (/^(iso-8859|windows)-/.test(charset) && !isAscii(bytes) && isUtf8(bytes))
    diagnostics.push(
      warning(
        'CHARSET_DOUBTFUL',
        'The bytes would be valid UTF-8 too. If names look wrong, MSH-18 or the sender profile is.',
        location,
      ),
    );
  return { text, charset, diagnostics };
}

function toMessage(body: Buffer, scan: Scan, span: Span, index: number, fallback: string): RawMessage {
  const bytes = body.subarray(span.start * scan.unit, span.end * scan.unit);
  const raw = scan.text.slice(span.start, span.end);
  const refused = (problem: RejectionCode): RawMessage => ({
    index,
    bytes,
    text: '',
    charset: '',
    problem,
    diagnostics: [],
  });
  if (span.kind === 'stray') return refused('NOT_HL7');
  const header = headerLine(raw);
  const delimiters = readDelimiters(header);
  if (delimiters === undefined) return refused('MSH_INVALID');
  const decoded = decode(bytes, header, delimiters, scan, fallback);
  const joined = joinSegments(decoded.text, delimiters.field);
  const problem = decoded.problem ?? (span.truncated ? 'BATCH_TRUNCATED' : undefined);
  return {
    index,
    bytes,
    text: joined.text,
    charset: decoded.charset,
    ...(problem !== undefined && { problem }),
    diagnostics: [...doubledEscape(header, delimiters), ...decoded.diagnostics, ...joined.diagnostics],
  };
}

/**
 * Bytes to messages: character set, byte order mark, MLLP frame, line ends, batch and concatenation. Whatever the
 * bytes, it never throws and never gives an empty list: what is no message carries its rejection code. The bytes of a
 * message begin at MSH and end with its last line, without the line end, so that a resend in another frame is the same.
 */
export function splitMessages(body: Uint8Array, options: { defaultCharset?: string } = {}): SplitBody {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const fallback = charsetName(options.defaultCharset ?? 'utf-8');
  // A fault of the configuration, not of the message: throwing keeps the message until it is mended.
  if (fallback === undefined)
    throw new MedrelayError(
      'DEFAULT_CHARSET_UNKNOWN',
      'The default character set of the sender profile is not known.',
    );
  const scan = scanBody(buffer);
  const { spans, batch, diagnostics } = locate(scan.text);
  const found = [...diagnostics];
  const hasMessage = spans.some((span) => span.kind === 'message');
  const kept = spans.filter((span) => {
    if (span.kind === 'message') return true;
    if (!hasMessage || holdsSegments(scan.text.slice(span.start, span.end))) return true;
    found.push(warning('TEXT_OUTSIDE_MESSAGE', 'Text outside any message was ignored.'));
    return false;
  });
  const messages = kept.map((span, index) => toMessage(buffer, scan, span, index, fallback));
  if (messages.length === 0) {
    const problem: RejectionCode = batch?.complete === false ? 'BATCH_TRUNCATED' : 'EMPTY';
    messages.push({ index: 0, bytes: body, text: '', charset: '', problem, diagnostics: [] });
  }
  return { messages, diagnostics: found, ...(batch !== undefined && { batch }) };
}

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
