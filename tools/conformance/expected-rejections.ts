import type { RejectionCode } from '../../src/lib/hl7';
import list from './expected-rejections.json';

interface Expected {
  readonly code: RejectionCode;
  /** Why this code is right for these messages. */
  readonly reason: string;
  /** SHA-256 of each message's bytes, first 16 digits. */
  readonly messages: readonly string[];
}

const codes = new Map(
  (list as readonly Expected[]).flatMap(({ code, messages }) =>
    messages.map((hash) => [hash, code] as const),
  ),
);

/** The code with which a message of the corpus has to be refused; undefined when it has to be converted. */
export const expectedRejection = (hash: string): RejectionCode | undefined => codes.get(hash.slice(0, 16));
