import type { Delivery, MessageDocument } from './types';
import { isFinal } from './types';

/**
 * - `process`: carry on from wherever it stands; every step is idempotent.
 * - `settled`: this very delivery brought it to its end before; nothing is left to do.
 * - `duplicate`: the same bytes were brought to their end by another delivery.
 * - `conflict`: the sender used the control id for another message.
 * - `reused`: so long ago that the sender's counter has come round; this is another message.
 */
export type Fate = 'process' | 'settled' | 'duplicate' | 'conflict' | 'reused';

const dayMilliseconds = 24 * 60 * 60 * 1000;

export function decideFate(
  existing: MessageDocument,
  hash: string,
  delivery: Pick<Delivery, 'origin' | 'isReplay' | 'enqueuedAt'>,
  index: number,
  controlIdReuseDays: number | undefined,
): Fate {
  if (existing.sha256 !== hash)
    return isReuse(existing, delivery, controlIdReuseDays) ? 'reused' : 'conflict';
  if (!isFinal(existing.status)) return 'process';
  if (isOwner(existing, delivery.origin, index)) return 'settled';
  if (delivery.isReplay && existing.status === 'rejected') return 'process';
  return 'duplicate';
}

/**
 * HL7 (v2.5.1 ch. 2.14.9.10) has MSH-10 unique; many senders count to a limit and begin again. Both times are the
 * broker's: MSH-7 is the sender's clock, and may be absent. They stay with a message through every redelivery, so that
 * the answer does too.
 */
function isReuse(
  { enqueuedAt: before }: Pick<MessageDocument, 'enqueuedAt'>,
  { enqueuedAt }: Pick<Delivery, 'enqueuedAt'>,
  days: number | undefined,
): boolean {
  return days !== undefined && Date.parse(enqueuedAt) - Date.parse(before) > days * dayMilliseconds;
}

export const isOwner = (document: MessageDocument, origin: string, index: number): boolean =>
  document.origin === origin && document.index === index;
