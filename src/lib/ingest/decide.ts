import type { Delivery, MessageDocument } from './types';
import { isFinal } from './types';

/**
 * - `process`: carry on from wherever it stands; every step is idempotent.
 * - `settled`: this very delivery brought it to its end before; nothing is left to do.
 * - `duplicate`: the same bytes were brought to their end by another delivery.
 * - `conflict`: the sender used the control id for another message.
 */
export type Fate = 'process' | 'settled' | 'duplicate' | 'conflict';

export function decideFate(
  existing: MessageDocument,
  hash: string,
  delivery: Pick<Delivery, 'origin' | 'isReplay'>,
  index: number,
): Fate {
  if (existing.sha256 !== hash) return 'conflict';
  if (!isFinal(existing.status)) return 'process';
  if (isOwner(existing, delivery.origin, index)) return 'settled';
  if (delivery.isReplay && existing.status === 'rejected') return 'process';
  return 'duplicate';
}

export const isOwner = (document: MessageDocument, origin: string, index: number): boolean =>
  document.origin === origin && document.index === index;
