import { isAscii, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

/* eslint-disable @typescript-eslint/no-require-imports --
   DOS and Macintosh code pages are rare, and loading the package that knows them takes longer than the rest of this
   folder. */
const iconv = (): typeof import('iconv-lite') => require('iconv-lite') as typeof import('iconv-lite');

/**
 * HL7 table 0211 and the spellings met in the wild, compared without case, blanks and punctuation.
 * The ISO-8859 names are read as their Windows supersets where WHATWG does so (8859/1 = windows-1252): senders
 * that declare Latin-1 do send bytes 80-9F, and C1 control characters have no place in a record.
 */
const table0211: ReadonlyMap<string, string> = new Map([
  ['ASCII', 'us-ascii'],
  ['USASCII', 'us-ascii'],
  ['ISOIR6', 'us-ascii'],
  ...['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '13', '14', '15', '16'].flatMap(
    (part): [string, string][] => [
      [`8859${part}`, `iso-8859-${part}`],
      [`ISO8859${part}`, `iso-8859-${part}`],
    ],
  ),
  ['LATIN1', 'iso-8859-1'],
  ['ISOIR100', 'iso-8859-1'],
  ['ISOIR101', 'iso-8859-2'],
  ['WE8ISO8859P1', 'iso-8859-1'],
  ['WE8MSWIN1252', 'windows-1252'],
  ['ANSI', 'windows-1252'],
  ['UNICODE', 'utf-8'],
  ['UNICODEUTF8', 'utf-8'],
  ['UTF8', 'utf-8'],
  ['ISOIR192', 'utf-8'],
  ['AL32UTF8', 'utf-8'],
  ['UNICODEUTF16', 'utf-16'],
  ['UTF16', 'utf-16'],
  ['UNICODEUTF32', 'utf-32'],
  ['UTF32', 'utf-32'],
  ['ISOIR14', 'iso-2022-jp'],
  ['ISOIR87', 'iso-2022-jp'],
  ['ISOIR159', 'iso-2022-jp'],
  ['GB18030', 'gb18030'],
  ['GB180302000', 'gb18030'],
  ['KSX1001', 'euc-kr'],
  ['BIG5', 'big5'],
]);

const simplified = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '');

const textDecoders = new Map<string, TextDecoder | undefined>();

/** A strict decoder of the platform, or undefined when it does not know the name. */
function textDecoder(charset: string): TextDecoder | undefined {
  if (!textDecoders.has(charset)) {
    let decoder: TextDecoder | undefined;
    try {
      decoder = new TextDecoder(charset, { fatal: true, ignoreBOM: true });
    } catch {
      decoder = undefined;
    }
    textDecoders.set(charset, decoder);
  }
  return textDecoders.get(charset);
}

/** The IANA name of one value of table 0211, an IANA name or a Windows / DOS code page; undefined when unknown. */
export function charsetName(value: string): string | undefined {
  const known = table0211.get(simplified(value));
  if (known !== undefined) return known;
  const name = value.trim().toLowerCase();
  // The name comes from a stranger: only plausible ones reach (and stay in) the decoder caches.
  if (!/^[a-z0-9][a-z0-9_.:-]{1,30}$/.test(name)) return undefined;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return /^(cp|ibm|windows-?|mac|koi8-?|tis)\w+$/.test(name) && iconv().encodingExists(name)
      ? name
      : undefined;
  }
}

/**
 * MSH-18 to one decoder. The first repetition is the default character set, further ones are reached by ISO 2022
 * escape sequences (ch. 2.15.9.18), which only the Japanese sets use in practice.
 */
export function messageCharset(repetitions: readonly string[]): string | undefined {
  const names = repetitions.map((value) => (value.trim() === '' ? 'us-ascii' : charsetName(value)));
  if (names.includes('iso-2022-jp')) return 'iso-2022-jp';
  return names[0];
}

/** Strict: undefined when the bytes are not valid in the character set. */
export function decodeBytes(bytes: Uint8Array, charset: string): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (charset === 'utf-8') return isUtf8(buffer) ? buffer.toString('utf8') : undefined;
  if (charset === 'us-ascii') return isAscii(buffer) ? buffer.toString('latin1') : undefined;
  const decoder = textDecoder(charset);
  if (decoder !== undefined) {
    try {
      return decoder.decode(buffer);
    } catch {
      return undefined;
    }
  }
  if (!iconv().encodingExists(charset)) return undefined;
  const text = iconv().decode(buffer, charset, { stripBOM: false });
  return text.includes('\ufffd') ? undefined : text;
}
