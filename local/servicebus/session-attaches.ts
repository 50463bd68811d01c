/** Receivers that ask for a session: a named one is given or refused at once, the next free one is waited for. */
import { types, type Sender } from 'rhea';
import type { Consumer } from './consumer';
import type { Queue } from './entity/queue';
import { holdBackAttach, localAttach, refuse } from './wire';

export const SESSION_FILTER = 'com.microsoft:session-filter';
const TIMEOUT = 'com.microsoft:timeout';
/** The service's own limit, for a client that names none. */
const DEFAULT_WAIT_MS = 60_000;
/** Answered a little before the client gives up, so that it learns the reason. */
const SHARE_OF_WAIT = 0.9;

interface Waiting {
  consumer: Consumer;
  timer: NodeJS.Timeout;
}

export class SessionAttaches {
  private readonly waiting = new Map<Queue, Waiting[]>();

  constructor(private readonly onAccepted: (consumer: Consumer) => void) {}

  accept(consumer: Consumer): void {
    const { link, queue } = consumer;
    const wanted: unknown = (link.source.filter as Record<string, unknown> | undefined)?.[SESSION_FILTER];
    const id = typeof wanted === 'string' ? wanted : undefined;
    const session = queue.acceptSession(id, consumer);
    if (session === 'taken') {
      return refuse(
        link,
        'com.microsoft:session-cannot-be-locked',
        `The requested session '${id ?? ''}' cannot be accepted. It may be locked by another receiver.`,
      );
    }
    if (session) return this.answer(consumer, session);
    holdBackAttach(link);
    const given = Number(
      (link.properties as Record<string, unknown> | undefined)?.[TIMEOUT] ?? DEFAULT_WAIT_MS,
    );
    const timer = setTimeout(() => this.giveUp(consumer), given * SHARE_OF_WAIT);
    this.waiting.set(queue, [...(this.waiting.get(queue) ?? []), { consumer, timer }]);
  }

  /** Gives sessions that have become free to those who wait, first come, first served. */
  serve(queue: Queue): void {
    const waiting = this.waiting.get(queue) ?? [];
    for (const { consumer, timer } of [...waiting]) {
      const session = queue.acceptSession(undefined, consumer);
      if (!session || session === 'taken') return;
      clearTimeout(timer);
      this.remove(consumer);
      this.answer(consumer, session);
      consumer.link.open();
    }
  }

  forget(gone: (link: Sender) => boolean): void {
    for (const waiting of this.waiting.values()) {
      for (const { consumer, timer } of [...waiting]) {
        if (!gone(consumer.link)) continue;
        clearTimeout(timer);
        this.remove(consumer);
      }
    }
  }

  private giveUp(consumer: Consumer): void {
    this.remove(consumer);
    consumer.link.open();
    refuse(consumer.link, TIMEOUT, 'No session with a message became free in the time that the client gave.');
  }

  private remove(consumer: Consumer): void {
    const left = (this.waiting.get(consumer.queue) ?? []).filter((each) => each.consumer !== consumer);
    this.waiting.set(consumer.queue, left);
  }

  private answer(consumer: Consumer, { id, until }: { id: string; until: number }): void {
    const { link } = consumer;
    link.set_source({ address: link.source.address, filter: { [SESSION_FILTER]: id } } as never);
    localAttach(link).properties = { 'com.microsoft:locked-until-utc': ticks(until) };
    this.onAccepted(consumer);
  }
}

/** .NET's ticks since the year 1, which is how the SDKs read the end of a session's lock. */
function ticks(time: number): unknown {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(time) * 10_000n + 621_355_968_000_000_000n);
  return types.wrap_long(bytes as unknown as number);
}
