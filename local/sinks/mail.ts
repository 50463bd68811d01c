/** As much of RFC 5322 and MIME as it takes to show a mail: subject and the first text. */

export interface Mail {
  subject: string;
  text: string;
}

export function parseMail(raw: Buffer): Mail {
  const { headers, body } = split(raw.toString('latin1'));
  return { subject: decodeWords(headers.get('subject') ?? ''), text: textOf(headers, body) };
}

function split(source: string): { headers: Map<string, string>; body: string } {
  const end = /\r?\n\r?\n/.exec(source);
  const head = end ? source.slice(0, end.index) : source;
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { headers, body: end ? source.slice(end.index + end[0].length) : '' };
}

/** The first text/plain, else the first text. */
function textOf(headers: Map<string, string>, body: string): string {
  const type = headers.get('content-type') ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (/^multipart\//i.test(type) && boundary) {
    const parts = body
      .split(`--${boundary}`)
      .slice(1, -1)
      .map((part) => split(part.replace(/^\r?\n/, '')));
    const ofType = (wanted: RegExp) =>
      parts.find((part) => wanted.test(part.headers.get('content-type') ?? 'text/plain'));
    const chosen = ofType(/^text\/plain/i) ?? ofType(/^(text|multipart)\//i);
    return chosen ? textOf(chosen.headers, chosen.body) : '';
  }
  const charset = /charset="?([^";]+)"?/i.exec(type)?.[1] ?? 'utf-8';
  return decode(bytesOf(body, headers.get('content-transfer-encoding') ?? ''), charset)
    .replace(/\r\n/g, '\n')
    .trimEnd();
}

function bytesOf(body: string, encoding: string): Buffer {
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64');
    case 'quoted-printable':
      return quotedPrintable(body.replace(/=\r?\n/g, ''));
    default:
      return Buffer.from(body, 'latin1');
  }
}

const quotedPrintable = (text: string): Buffer =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );

function decode(bytes: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

/** RFC 2047; white space between two encoded words is none. */
const decodeWords = (value: string): string =>
  value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?([^?]+)\?([bq])\?([^?]*)\?=/gi, (_, charset: string, encoding: string, text: string) =>
      decode(
        encoding.toLowerCase() === 'b'
          ? Buffer.from(text, 'base64')
          : quotedPrintable(text.replaceAll('_', ' ')),
        charset,
      ),
    );
