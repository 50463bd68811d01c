import { encodingCharacters, readDelimiters } from './delimiters';
import { segmentName } from './lines';
import type { Diagnostic } from './types';

/** A stretch of the body, end exclusive: one message, or lines that belong to none. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: 'message' | 'stray';
  readonly truncated: boolean;
}

export interface Located {
  readonly spans: readonly Span[];
  readonly batch?: { readonly declaredCount?: number; readonly complete: boolean };
  readonly diagnostics: readonly Diagnostic[];
}

const VT = '\x0b';
const FS = '\x1c';
/** Byte order marks as they look in decoded text and in bytes read as Latin-1. */
const byteOrderMarks = ['\ufeff', '\xef\xbb\xbf'];

/** Header (`MSH`, `FHS`, `BHS`) whose encoding characters are complete, e.g. `MSH|^~\&|`. */
const isHeader = (line: string): boolean =>
  readDelimiters(line) !== undefined && line.length > 8 && line.indexOf(line.charAt(3), 4) > 0;

/** A header cut short or with wrong encoding characters, e.g. `MSH|^~|`: nothing but punctuation before the next separator. */
function isBrokenHeader(line: string): boolean {
  const separator = line.charAt(3);
  if (!/^[!-/:-@[-`{-~]$/.test(separator)) return false;
  const end = line.indexOf(separator, 4);
  const encoding = (end < 0 ? line.slice(4) : line.slice(4, end)).trimEnd();
  return encoding.length >= 2 && encoding.length <= 10 && /^[!-/:-@[-`{-~]+$/.test(encoding);
}

/** Where the content of a line begins, behind blanks, an MLLP start and byte order marks. */
function skipLead(text: string, from: number, end: number): number {
  let at = from;
  for (;;) {
    const c = text.charAt(at);
    if (at < end && (c === ' ' || c === '\t' || c === VT)) at++;
    else {
      const mark = byteOrderMarks.find((m) => text.startsWith(m, at));
      if (mark === undefined || at + mark.length > end) return at;
      at += mark.length;
    }
  }
}

/** The end of what lies before a glued message: without that one's MLLP start or byte order mark. */
function skipTail(text: string, from: number, end: number): number {
  let at = end;
  for (;;) {
    const mark = [VT, ...byteOrderMarks].find((m) => text.startsWith(m, at - m.length));
    if (mark === undefined || at - mark.length <= from) return at;
    at -= mark.length;
  }
}

const warning = (code: string, safeMessage: string): Diagnostic => ({
  severity: 'warning',
  code,
  safeMessage,
});

/**
 * Files joined without a line end between them: the header pattern in the middle of a line. A field cannot hold it,
 * its delimiters would be escaped.
 */
function unglue(scan: string, start: number, end: number): { start: number; end: number }[] {
  const message = scan.slice(start, end);
  const d = readDelimiters(message.slice(0, 64));
  const parts: { start: number; end: number }[] = [];
  let from = 0;
  if (d !== undefined) {
    const marker = `MSH${d.field}${encodingCharacters(d)}${d.field}`;
    for (let at = message.indexOf(marker, 1); at > 0; at = message.indexOf(marker, at + 1)) {
      parts.push({ start: start + from, end: start + skipTail(message, from, at) });
      from = at;
    }
  }
  return [...parts, { start: start + from, end }];
}

/** The next MLLP end character that ends a frame: the same control character inside text does not. */
function nextFrameEnd(scan: string, from: number): number {
  let at = scan.indexOf(FS, from);
  while (at >= 0 && at + 1 < scan.length && !'\r\n\x0b'.includes(scan.charAt(at + 1)))
    at = scan.indexOf(FS, at + 1);
  return at;
}

/** First field of a trailer line (BTS-1, FTS-1) as a count. */
function trailerCount(line: string): number | undefined {
  const count = /^[0-9]{1,9}$/.exec(line.slice(4).split(line.charAt(3), 1)[0]?.trim() ?? '');
  return count === null ? undefined : Number(count[0]);
}

/**
 * Finds messages in a body, one pass, without decoding: `scan` holds either bytes read as Latin-1 or decoded text.
 *
 * A line starts a message when it begins with `MSH`, a separator and complete, distinct encoding characters, then the
 * separator again; or, so that a damaged message is not glued to the patient before it, when MSH-2 is nothing but
 * punctuation. `MSH|` followed by words is a line of report text. A whole header quoted in unescaped text still
 * splits: a needless rejection can be repaired by a person, two patients mixed into one cannot.
 */
export function locate(scan: string): Located {
  const spans: Span[] = [];
  const diagnostics: Diagnostic[] = [];
  let open: { start: number; end: number; kind: Span['kind'] } | undefined;
  let fileOpen = false;
  let batchOpen = false;
  let isBatch = false;
  let messagesInBatch = 0;
  let batches = 0;
  let declaredCount: number | undefined;

  const close = (truncated = false): void => {
    if (open?.kind === 'message') {
      const parts = unglue(scan, open.start, open.end);
      if (parts.length > 1)
        diagnostics.push(
          warning('MESSAGES_GLUED', 'A message began in the middle of a line and was separated.'),
        );
      messagesInBatch += parts.length - 1;
      parts.forEach((part, i) =>
        spans.push({ ...part, kind: 'message', truncated: truncated && i === parts.length - 1 }),
      );
    } else if (open !== undefined) spans.push({ ...open, truncated });
    open = undefined;
  };
  const openBatch = (): void => {
    if (batchOpen)
      diagnostics.push(warning('BATCH_TRAILER_MISSING', 'A batch (BHS) ends without its trailer (BTS).'));
    batchOpen = true;
    batches++;
    messagesInBatch = 0;
  };

  for (let lineStart = 0, nextCr = -2, nextLf = -2, nextFs = -2; lineStart < scan.length;) {
    // Each search result is kept until the scan has passed it, so a rare terminator costs one search.
    if (nextCr !== -1 && nextCr < lineStart) nextCr = scan.indexOf('\r', lineStart);
    if (nextLf !== -1 && nextLf < lineStart) nextLf = scan.indexOf('\n', lineStart);
    if (nextFs !== -1 && nextFs < lineStart) nextFs = nextFrameEnd(scan, lineStart);
    let end = scan.length;
    if (nextCr >= 0 && nextCr < end) end = nextCr;
    if (nextLf >= 0 && nextLf < end) end = nextLf;
    const framed = nextFs >= 0 && nextFs < end;
    if (framed) end = nextFs;

    const start = skipLead(scan, lineStart, end);
    const c = scan.charCodeAt(start);
    lineStart = end + 1;
    if (start < end) {
      // M, F, B in either case: everything else cannot be a header or trailer.
      const name = /[MFBmfb]/.test(String.fromCharCode(c)) ? scan.slice(start, start + 3).toUpperCase() : '';
      const isCandidate =
        name === 'MSH' || name === 'FHS' || name === 'BHS' || name === 'FTS' || name === 'BTS';
      const line = isCandidate ? scan.slice(start, Math.min(end, start + 64)) : '';
      const startsMessage =
        name === 'MSH' &&
        (isHeader(line) ||
          isBrokenHeader(line) ||
          (open === undefined && !/^[A-Za-z0-9]/.test(line.slice(3))));
      if (startsMessage) {
        close();
        open = { start, end, kind: 'message' };
        messagesInBatch++;
      } else if ((name === 'FHS' || name === 'BHS') && (isHeader(line) || isBrokenHeader(line))) {
        close();
        isBatch = true;
        if (name === 'BHS') openBatch();
        else fileOpen = true;
      } else if ((name === 'FTS' || name === 'BTS') && /^...(?:[!-/:-@[-`{-~]|\s*$)/.test(line)) {
        close();
        const count = trailerCount(line);
        if (name === 'BTS') {
          if (!batchOpen && !fileOpen)
            diagnostics.push(
              warning('BATCH_HEADER_MISSING', 'A batch trailer (BTS) came without its header (BHS).'),
            );
          if (count !== undefined) declaredCount = (declaredCount ?? 0) + count;
          if (count !== undefined && count !== messagesInBatch)
            diagnostics.push(
              warning(
                'BATCH_COUNT_MISMATCH',
                `BTS-1 declares ${count} messages, the batch holds ${messagesInBatch}.`,
              ),
            );
          batchOpen = false;
          messagesInBatch = 0;
        } else {
          if (batchOpen)
            diagnostics.push(
              warning('BATCH_TRAILER_MISSING', 'A batch (BHS) ends without its trailer (BTS).'),
            );
          if (!fileOpen)
            diagnostics.push(
              warning('FILE_HEADER_MISSING', 'A file trailer (FTS) came without its header (FHS).'),
            );
          if (count !== undefined && count !== batches)
            diagnostics.push(
              warning('FILE_COUNT_MISMATCH', `FTS-1 declares ${count} batches, the file holds ${batches}.`),
            );
          batchOpen = false;
          fileOpen = false;
        }
      } else if (open === undefined) open = { start, end, kind: 'stray' };
      else open.end = end;
    }
    // The end of an MLLP frame ends a message whatever follows.
    if (framed) close();
  }
  const complete = !batchOpen && !fileOpen;
  close(!complete);
  if (isBatch && !complete)
    diagnostics.push(
      warning('BATCH_INCOMPLETE', 'The body ends before the trailer (BTS or FTS) of its batch.'),
    );
  return {
    spans,
    diagnostics,
    ...(isBatch && { batch: { complete, ...(declaredCount !== undefined && { declaredCount }) } }),
  };
}

/** Lines outside any message that look like segments are a message without its header. */
export const holdsSegments = (text: string): boolean =>
  text.split(/[\r\n]/).some((line) => segmentName(line, '|') !== undefined && line.length > 3);
