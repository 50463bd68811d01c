import { decodeBytes } from './charset';
import type { Delimiters } from './types';

export type EscapeFinding = 'ESCAPE_UNKNOWN' | 'ESCAPE_UNBALANCED' | 'ESCAPE_HEX_INVALID' | 'ESCAPE_KEPT';

/**
 * Formatting commands (ch. 2.7.6). A body is at most a few characters, so the expression is bounded.
 * A count above 99 is no layout of a report: such a sequence stays as text.
 */
const formatting = /^\.(br|sp|in|ti|ce|fi|nf|sk)\s?([+-]?\d{0,2})$/i;
/** Switch of single- and multi-byte character sets, and local sequences (ch. 2.7.2-2.7.4, 2.7.7): not ours to read. */
const foreign = /^(?:C[0-9A-F]{4}|M[0-9A-F]{4}(?:[0-9A-F]{2})?|Z[0-9A-Z.]{0,30})$/i;
const longestFixedBody = 32;

function format(body: string): string | undefined {
  const match = formatting.exec(body);
  if (match === null) return undefined;
  const [, command = '', number = ''] = match;
  const count = number === '' ? 1 : Math.abs(Number(number));
  switch (command.toLowerCase()) {
    case 'br':
    case 'ce':
      return '\n';
    case 'sp':
      return '\n'.repeat(Math.max(count, 1));
    case 'sk':
      return ' '.repeat(count);
    default:
      return '';
  }
}

function literal(body: string, d: Delimiters): string | undefined {
  switch (body) {
    case 'F':
      return d.field;
    case 'S':
      return d.component;
    case 'T':
      return d.subcomponent;
    case 'R':
      return d.repetition;
    case 'E':
      return d.escape;
    case 'P':
      return d.truncation ?? '#';
    case 'H':
    case 'N':
      return '';
    default:
      return body.startsWith('.') ? format(body) : undefined;
  }
}

/**
 * Replaces the escape sequences of one leaf; called after splitting, never before (`\T\` must not split).
 * What is not a sequence stays as it is (`4\5 re.`), and its closing character may open the next one.
 */
export function unescape(
  raw: string,
  d: Delimiters,
  charset: string,
  report: (finding: EscapeFinding) => void,
): string {
  const parts: string[] = [];
  let decoded = '';
  let done = 0;
  for (let open = raw.indexOf(d.escape); open >= 0;) {
    const close = raw.indexOf(d.escape, open + 1);
    if (close < 0) {
      report('ESCAPE_UNBALANCED');
      break;
    }
    let end = close + 1;
    let text: string | undefined;
    if (raw[open + 1] === 'X') {
      // Neighbouring sequences are one run of bytes: \XC3\\XA9\ is one character in UTF-8.
      for (let next = end; raw[next] === d.escape && raw[next + 1] === 'X'; next = end) {
        const nextClose = raw.indexOf(d.escape, next + 1);
        if (nextClose < 0) break;
        end = nextClose + 1;
      }
      text = decodeHex(raw, open + 2, end - 1, d.escape, charset);
      if (text === undefined) {
        report('ESCAPE_HEX_INVALID');
        text = raw.slice(open, end);
      }
    } else if (close - open - 1 <= longestFixedBody) {
      const body = raw.slice(open + 1, close);
      text = literal(body, d);
      if (text === undefined && foreign.test(body)) {
        report('ESCAPE_KEPT');
        text = raw.slice(open, end);
      }
    }
    if (text === undefined) {
      report('ESCAPE_UNKNOWN');
      open = close;
      continue;
    }
    parts.push(raw.slice(done, open), text);
    // Joined while they are young: millions of parts alive at once cost the collector several times their making.
    if (parts.length >= 512) {
      decoded += parts.join('');
      parts.length = 0;
    }
    done = end;
    open = raw.indexOf(d.escape, end);
  }
  parts.push(raw.slice(done));
  return decoded + parts.join('');
}

/** A run of hexadecimal sequences; between two of them stand an escape character, another one and the X. */
function decodeHex(
  raw: string,
  start: number,
  end: number,
  escape: string,
  charset: string,
): string | undefined {
  const bytes = Buffer.alloc((end - start) >> 1);
  const between = escape.charCodeAt(0);
  let digits = 0;
  for (let i = start; i < end; i++) {
    const code = raw.charCodeAt(i);
    if (code === between) {
      i += 2;
      continue;
    }
    const digit = digitOf(code);
    if (digit < 0) return undefined;
    bytes[digits >> 1] = ((bytes[digits >> 1] ?? 0) << 4) | digit;
    digits++;
  }
  if (digits === 0 || digits % 2 !== 0) return undefined;
  // Bytes inside a UTF-16 message are written as UTF-8 in practice: a hex pair there is no code unit.
  return decodeBytes(bytes.subarray(0, digits >> 1), charset.startsWith('utf-16') ? 'utf-8' : charset);
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
