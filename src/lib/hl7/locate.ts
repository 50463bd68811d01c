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
    // What nearly every line begins with.
    if (c >= 'A' && c <= 'Z') return at;
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
 * Finds messages in a body, one pass, without decoding: `scan` holds either bytes read as Latin-1 or decoded text, all
 * of it or, so that a file of any size needs the memory of one message, from some point on.
 *
 * A line starts a message when it begins with `MSH`, a separator and complete, distinct encoding characters, then the
 * separator again; or, so that a damaged message is not glued to the patient before it, when MSH-2 is nothing but
 * punctuation. `MSH|` followed by words is a line of report text. A whole header quoted in unescaped text still
 * splits: a needless rejection can be repaired by a person, two patients mixed into one cannot.
 */
export class Locator {
  readonly diagnostics: Diagnostic[] = [];
  #spans: Span[] = [];
  #scan = '';
  #lineStart = 0;
  #open: { start: number; end: number; kind: Span['kind'] } | undefined;
  #fileOpen = false;
  #batchOpen = false;
  #isBatch = false;
  #messagesInBatch = 0;
  #batches = 0;
  #declaredCount: number | undefined;

  /** Known once everything is read; undefined when the body is no batch. */
  get batch(): Located['batch'] {
    if (!this.#isBatch) return undefined;
    const complete = !this.#batchOpen && !this.#fileOpen;
    return { complete, ...(this.#declaredCount !== undefined && { declaredCount: this.#declaredCount }) };
  }

  /**
   * What is complete in `scan`, which is the last one and more behind it, less what `forget` said. With `isLast`
   * nothing follows, so that what is open is complete too.
   */
  read(scan: string, isLast: boolean): readonly Span[] {
    this.#scan = scan;
    this.#spans = [];
    for (let nextCr = -2, nextLf = -2, nextFs = -2; this.#lineStart < scan.length;) {
      const from = this.#lineStart;
      // Each search result is kept until the scan has passed it, so a rare terminator costs one search.
      if (nextCr !== -1 && nextCr < from) nextCr = scan.indexOf('\r', from);
      if (nextLf !== -1 && nextLf < from) nextLf = scan.indexOf('\n', from);
      if (nextFs !== -1 && nextFs < from) nextFs = nextFrameEnd(scan, from);
      let end = scan.length;
      if (nextCr >= 0 && nextCr < end) end = nextCr;
      if (nextLf >= 0 && nextLf < end) end = nextLf;
      const framed = nextFs >= 0 && nextFs < end;
      if (framed) end = nextFs;
      // The line goes on, or the character behind a frame's end decides whether it is one.
      if (!isLast && (end === scan.length || (framed && end + 1 === scan.length))) break;

      const start = skipLead(scan, from, end);
      this.#lineStart = end + 1;
      if (start < end) this.#line(start, end);
      // The end of an MLLP frame ends a message whatever follows.
      if (framed) this.#close();
    }
    if (isLast) {
      const complete = !this.#batchOpen && !this.#fileOpen;
      this.#close(!complete);
      if (this.#isBatch && !complete)
        this.#warn('BATCH_INCOMPLETE', 'The body ends before the trailer (BTS or FTS) of its batch.');
    }
    return this.#spans;
  }

  /** So many characters are not looked at again: the next `scan` begins behind them. */
  forget(): number {
    const count = Math.min(this.#open?.start ?? this.#lineStart, this.#lineStart, this.#scan.length);
    this.#lineStart -= count;
    if (this.#open)
      this.#open = { ...this.#open, start: this.#open.start - count, end: this.#open.end - count };
    return count;
  }

  #line(start: number, end: number): void {
    const scan = this.#scan;
    // M, F, B in either case: everything else cannot be a header or trailer.
    const name = /[MFBmfb]/.test(scan.charAt(start)) ? scan.slice(start, start + 3).toUpperCase() : '';
    const isCandidate =
      name === 'MSH' || name === 'FHS' || name === 'BHS' || name === 'FTS' || name === 'BTS';
    const line = isCandidate ? scan.slice(start, Math.min(end, start + 64)) : '';
    const startsMessage =
      name === 'MSH' &&
      (isHeader(line) ||
        isBrokenHeader(line) ||
        (this.#open === undefined && !/^[A-Za-z0-9]/.test(line.slice(3))));
    if (startsMessage) {
      this.#close();
      this.#open = { start, end, kind: 'message' };
      this.#messagesInBatch++;
    } else if ((name === 'FHS' || name === 'BHS') && (isHeader(line) || isBrokenHeader(line))) {
      this.#close();
      this.#isBatch = true;
      if (name === 'BHS') this.#openBatch();
      else this.#fileOpen = true;
    } else if ((name === 'FTS' || name === 'BTS') && /^...(?:[!-/:-@[-`{-~]|\s*$)/.test(line)) {
      this.#close();
      if (name === 'BTS') this.#endBatch(trailerCount(line));
      else this.#endFile(trailerCount(line));
    } else if (this.#open === undefined) this.#open = { start, end, kind: 'stray' };
    else this.#open.end = end;
  }

  #close(truncated = false): void {
    const open = this.#open;
    this.#open = undefined;
    if (open?.kind === 'message') {
      const parts = unglue(this.#scan, open.start, open.end);
      if (parts.length > 1)
        this.#warn('MESSAGES_GLUED', 'A message began in the middle of a line and was separated.');
      this.#messagesInBatch += parts.length - 1;
      parts.forEach((part, i) =>
        this.#spans.push({ ...part, kind: 'message', truncated: truncated && i === parts.length - 1 }),
      );
    } else if (open !== undefined) this.#spans.push({ ...open, truncated });
  }

  #openBatch(): void {
    if (this.#batchOpen) this.#warn('BATCH_TRAILER_MISSING', 'A batch (BHS) ends without its trailer (BTS).');
    this.#batchOpen = true;
    this.#batches++;
    this.#messagesInBatch = 0;
  }

  #endBatch(count: number | undefined): void {
    if (!this.#batchOpen && !this.#fileOpen)
      this.#warn('BATCH_HEADER_MISSING', 'A batch trailer (BTS) came without its header (BHS).');
    if (count !== undefined) this.#declaredCount = (this.#declaredCount ?? 0) + count;
    if (count !== undefined && count !== this.#messagesInBatch)
      this.#warn(
        'BATCH_COUNT_MISMATCH',
        `BTS-1 declares ${count} messages, the batch holds ${this.#messagesInBatch}.`,
      );
    this.#batchOpen = false;
    this.#messagesInBatch = 0;
  }

  #endFile(count: number | undefined): void {
    if (this.#batchOpen) this.#warn('BATCH_TRAILER_MISSING', 'A batch (BHS) ends without its trailer (BTS).');
    if (!this.#fileOpen)
      this.#warn('FILE_HEADER_MISSING', 'A file trailer (FTS) came without its header (FHS).');
    if (count !== undefined && count !== this.#batches)
      this.#warn('FILE_COUNT_MISMATCH', `FTS-1 declares ${count} batches, the file holds ${this.#batches}.`);
    this.#batchOpen = false;
    this.#fileOpen = false;
  }

  #warn(code: string, safeMessage: string): void {
    this.diagnostics.push({ severity: 'warning', code, safeMessage });
  }
}

export function locate(scan: string): Located {
  const locator = new Locator();
  const spans = locator.read(scan, true);
  const { diagnostics, batch } = locator;
  return { spans, diagnostics, ...(batch && { batch }) };
}

/** Lines outside any message that look like segments are a message without its header. */
export const holdsSegments = (text: string): boolean =>
  text.split(/[\r\n]/).some((line) => segmentName(line, '|') !== undefined && line.length > 3);
