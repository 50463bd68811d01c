/**
 * The frames of HL7's Minimal Lower Layer Protocol (Transport Specification: MLLP, Release 1):
 * `<VT> message <FS> <CR>`.
 */
const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;
const LF = 0x0a;

export type FrameEvent =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  /** Its bytes were not kept; the head tells whom to answer. */
  | { readonly kind: 'oversized'; readonly head: Uint8Array; readonly length: number }
  /** So many bytes between frames that are neither blank nor line end. */
  | { readonly kind: 'outside'; readonly length: number };

/** More than any MSH. */
const headBytes = 4096;
const smallest = 4096;

/**
 * Finds frames in a stream that arrives in any pieces, and keeps no more than one frame of `maxFrameBytes`. FS ends a
 * frame only before CR (or LF, or the next VT, as sloppy senders write it): alone it is text that nobody escaped.
 */
export class FrameDecoder {
  #held = Buffer.allocUnsafe(smallest);
  #length = 0;
  #isInside = false;
  /** The last byte was FS, and the next one decides. */
  #isEnding = false;

  constructor(private readonly maxFrameBytes: number) {}

  /** A frame has begun and not ended. */
  get isMidFrame(): boolean {
    return this.#isInside;
  }

  *push(chunk: Uint8Array): Generator<FrameEvent, void> {
    for (let at = 0; at < chunk.length;) {
      if (!this.#isInside) {
        const start = chunk.indexOf(VT, at);
        const end = start < 0 ? chunk.length : start;
        const length = contentIn(chunk.subarray(at, end));
        if (length > 0) yield { kind: 'outside', length };
        this.#isInside = start >= 0;
        at = end + 1;
      } else if (this.#isEnding) {
        this.#isEnding = false;
        const next = chunk[at];
        if (next === CR || next === LF || next === VT) {
          if (next !== VT) at++;
          yield this.#take();
        } else this.#keep(Uint8Array.of(FS));
      } else {
        const end = chunk.indexOf(FS, at);
        this.#keep(chunk.subarray(at, end < 0 ? chunk.length : end));
        this.#isEnding = end >= 0;
        at = end < 0 ? chunk.length : end + 1;
      }
    }
  }

  #keep(bytes: Uint8Array): void {
    const wanted = Math.min(this.#length + bytes.length, this.maxFrameBytes);
    if (wanted > this.#held.length) {
      const larger = Buffer.allocUnsafe(
        Math.min(Math.max(wanted, this.#held.length * 2), this.maxFrameBytes),
      );
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    if (this.#length < wanted) this.#held.set(bytes.subarray(0, wanted - this.#length), this.#length);
    this.#length += bytes.length;
  }

  #take(): FrameEvent {
    const length = this.#length;
    const isKept = length <= this.maxFrameBytes;
    const bytes = Uint8Array.from(
      this.#held.subarray(0, isKept ? length : Math.min(headBytes, this.maxFrameBytes)),
    );
    if (this.#held.length > 16 * smallest) this.#held = Buffer.allocUnsafe(smallest);
    this.#length = 0;
    this.#isInside = false;
    return isKept ? { kind: 'frame', bytes } : { kind: 'oversized', head: bytes, length };
  }
}

const contentIn = (bytes: Uint8Array): number =>
  bytes.reduce((count, byte) => (byte > 0x20 ? count + 1 : count), 0);

/** An acknowledgement as it goes on the wire. */
export const frameOf = (text: string): Buffer => Buffer.from(`\x0b${text}\x1c\r`, 'utf8');
