import { isAscii, isUtf8 } from 'node:buffer';
import { decodeBytes, messageCharset } from './charset';
import { encodingCharacters, readDelimiters } from './delimiters';
import { joinSegments } from './lines';
import type { Span } from './locate';
import { nthPart } from './part';
import type { RejectionCode } from './rejections';
import type { Delimiters, Diagnostic, RawMessage } from './types';

/** How the bytes of a body are scanned: as text whose positions are `unit` bytes each. */
export interface Encoding {
  readonly unit: 1 | 2;
  /** Set when a byte order mark or UTF-16 settles the character set, whatever MSH-18 says. */
  readonly charset?: 'utf-8' | 'utf-16le' | 'utf-16be';
  textOf(bytes: Buffer): string;
}

/** So many bytes of a body decide. */
export const encodingBytes = 3;

export function encodingOf(body: Buffer): Encoding {
  const [a, b, c] = body;
  // Without a mark UTF-16 shows by the zero byte beside the first letter.
  if ((a === 0xff && b === 0xfe) || (a !== undefined && a !== 0 && b === 0 && c !== 0 && c !== undefined))
    return { unit: 2, charset: 'utf-16le', textOf: (bytes) => bytes.toString('utf16le') };
  if ((a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && b !== undefined && c === 0))
    return { unit: 2, charset: 'utf-16be', textOf: swappedText };
  const textOf = (bytes: Buffer): string => bytes.toString('latin1');
  return a === 0xef && b === 0xbb && c === 0xbf ? { unit: 1, charset: 'utf-8', textOf } : { unit: 1, textOf };
}

const swappedText = (bytes: Buffer): string => Buffer.from(bytes).swap16().toString('utf16le');

export const warning = (code: string, safeMessage: string, location?: string): Diagnostic => ({
  severity: 'warning',
  code,
  safeMessage,
  ...(location !== undefined && { location }),
});

export const headerLine = (text: string): string => text.slice(0, text.search(/[\r\n]|$/));

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
  encoding: Encoding,
  fallback: string,
): Decoded {
  const declared = declaredCharsets(header, delimiters);
  const named = declared.length === 0 ? fallback : messageCharset(declared);
  const location = 'MSH[1]-18';
  const diagnostics: Diagnostic[] = [];
  let charset = encoding.charset ?? named;
  if (charset === undefined) return { text: '', charset: '', problem: 'CHARSET_UNKNOWN', diagnostics };
  if (
    encoding.charset !== undefined &&
    declared.length > 0 &&
    named !== encoding.charset &&
    named !== 'utf-16'
  )
    diagnostics.push(
      warning(
        'CHARSET_CONFLICT',
        'The bytes show another character set than MSH-18 names; the bytes win.',
        location,
      ),
    );
  // MSH was readable one byte per character, so this is no UTF-16 or UTF-32.
  if (encoding.unit === 1 && /^utf-(16|32)/.test(charset)) {
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

/** A stretch of a body, as bytes and as scanned text, to a message or the reason why it is none. */
export function toMessage(
  bytes: Uint8Array,
  scanned: string,
  { kind, truncated }: Pick<Span, 'kind' | 'truncated'>,
  index: number,
  encoding: Encoding,
  fallback: string,
): RawMessage {
  const refused = (problem: RejectionCode): RawMessage => ({
    index,
    bytes,
    text: '',
    charset: '',
    problem,
    diagnostics: [],
  });
  if (kind === 'stray') return refused('NOT_HL7');
  const header = headerLine(scanned);
  const delimiters = readDelimiters(header);
  if (delimiters === undefined) return refused('MSH_INVALID');
  const decoded = decode(bytes, header, delimiters, encoding, fallback);
  const joined = joinSegments(decoded.text, delimiters.field);
  const problem = decoded.problem ?? (truncated ? 'BATCH_TRUNCATED' : undefined);
  return {
    index,
    bytes,
    text: joined.text,
    charset: decoded.charset,
    ...(problem !== undefined && { problem }),
    diagnostics: [...doubledEscape(header, delimiters), ...decoded.diagnostics, ...joined.diagnostics],
  };
}
