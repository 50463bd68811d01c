import { setTimeout as delay } from 'node:timers/promises';
import type { SendOptions } from '../../src/lib/ingest';
import { drillMessage } from '../support/messages';

export interface Load {
  /** Messages the broker has confirmed so far: those with index 0 to `sent` - 1. */
  sent: number;
  /** Sends without an answer. Each may have arrived all the same, and then the message is there twice. */
  unanswered: number;
}

/** `Ingest`, or another way in. */
export interface Sending {
  enqueue(bytes: Uint8Array, options: SendOptions): Promise<unknown>;
}

const pauseAfterFailure = 250;
/** A broker that is away longer than this many failures does not come back. */
const maxFailuresInRow = 200;

/** Sends the drill's messages at a steady rate until `isOver`, so many at a time; a send without answer is repeated. */
export async function sendDrillMessages(
  ingest: Sending,
  perSecond: number,
  load: Load,
  isOver: () => boolean,
  atOnce = 1,
): Promise<void> {
  let index = 0;
  let next = Date.now();
  const lane = async (): Promise<void> => {
    while (!isOver()) {
      await sendOne(ingest, drillMessage(index++), load);
      load.sent += 1;
      // What an outage delayed is not caught up in a burst.
      next = Math.max(next + 1000 / perSecond, Date.now() - 1000);
      await delay(Math.max(0, next - Date.now()));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function sendOne(ingest: Sending, message: Uint8Array, load: Load): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      await ingest.enqueue(message, {});
      return;
    } catch (error) {
      load.unanswered += 1;
      if (failures === maxFailuresInRow) throw error;
      await delay(pauseAfterFailure);
    }
  }
}
