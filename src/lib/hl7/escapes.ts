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
      const hex = raw.slice(open + 2, end - 1);
      text = decodeHex(hex.replaceAll(`${d.escape}${d.escape}X`, ''), charset);
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

function decodeHex(hex: string, charset: string): string | undefined {
  if (hex === '' || hex.length % 2 !== 0 || /[^0-9A-Fa-f]/.test(hex)) return undefined;
  // Bytes inside a UTF-16 message are written as UTF-8 in practice: a hex pair there is no code unit.
  return decodeBytes(Buffer.from(hex, 'hex'), charset.startsWith('utf-16') ? 'utf-8' : charset);
}
