import { MedrelayError } from '../errors';
import { charsetName } from './charset';
import { holdsSegments, Locator, type Span } from './locate';
import { encodingBytes, encodingOf, toMessage, warning, type Encoding } from './raw-message';
import type { RejectionCode } from './rejections';
import type { Diagnostic, RawMessage, SplitBody } from './types';

export interface SplitOptions {
  readonly defaultCharset?: string;
}

/**
 * A body to its messages, in one piece or in several. It holds what is not decided yet: the message that is open, and
 * everything before the first one, because a body without any message is refused whole.
 */
export class Splitter {
  readonly #fallback: string;
  readonly #locator = new Locator();
  readonly #ignored: Diagnostic[] = [];
  #held: Buffer = Buffer.alloc(0);
  #text = '';
  #encoding: Encoding | undefined;
  #undecided: Span[] = [];
  #hasMessage = false;
  #count = 0;

  constructor({ defaultCharset = 'utf-8' }: SplitOptions) {
    const fallback = charsetName(defaultCharset);
    // A fault of the configuration, not of the message: throwing keeps the message until it is mended.
    if (fallback === undefined)
      throw new MedrelayError(
        'DEFAULT_CHARSET_UNKNOWN',
        'The default character set of the sender profile is not known.',
      );
    this.#fallback = fallback;
  }

  get heldBytes(): number {
    return this.#held.length;
  }

  *read(bytes: Buffer, isLast: boolean): Generator<RawMessage, void> {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (!isLast && this.#held.length < encodingBytes) return;
    const encoding = (this.#encoding ??= encodingOf(this.#held));
    const { unit } = encoding;
    const whole = this.#held.length - (this.#held.length % unit);
    this.#text += encoding.textOf(this.#held.subarray(this.#text.length * unit, whole));

    this.#undecided = this.#undecided.concat(this.#locator.read(this.#text, isLast));
    this.#hasMessage ||= this.#undecided.some(({ kind }) => kind === 'message');
    if (!this.#hasMessage && !isLast) return;
    const spans = this.#undecided;
    this.#undecided = [];
    for (const span of spans) {
      const scanned = this.#text.slice(span.start, span.end);
      if (span.kind === 'stray' && this.#hasMessage && !holdsSegments(scanned)) {
        this.#ignored.push(warning('TEXT_OUTSIDE_MESSAGE', 'Text outside any message was ignored.'));
        continue;
      }
      const own = this.#held.subarray(span.start * unit, span.end * unit);
      yield toMessage(own, scanned, span, this.#count++, encoding, this.#fallback);
    }
    if (isLast) {
      if (this.#count === 0) yield this.#nothing();
      return;
    }
    const forgotten = this.#locator.forget();
    this.#text = this.#text.slice(forgotten);
    this.#held = this.#held.subarray(forgotten * unit);
  }

  /** Of the whole body, once it is read. */
  summary(): Omit<SplitBody, 'messages'> {
    const { diagnostics, batch } = this.#locator;
    return { diagnostics: [...diagnostics, ...this.#ignored], ...(batch !== undefined && { batch }) };
  }

  #nothing(): RawMessage {
    const problem: RejectionCode = this.#locator.batch?.complete === false ? 'BATCH_TRUNCATED' : 'EMPTY';
    return { index: 0, bytes: this.#held, text: '', charset: '', problem, diagnostics: [] };
  }
}
