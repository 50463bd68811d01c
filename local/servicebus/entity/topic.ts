import { SCHEDULED, type EntityStore, type MessageContent } from '../store';
import { encodeDelivery } from '../codec';
import type { EntityContext, Incoming, Queue } from './queue';
import { matches, type Filter } from './filter';

export interface Subscription {
  queue: Queue;
  filters: readonly Filter[];
}

const WAKE_BATCH = 1000;

/** Copies what it accepts to each subscription whose rules match; keeps only what is scheduled for later. */
export class Topic {
  private readonly scheduled = new Set<number>();

  constructor(
    readonly path: string,
    readonly subscriptions: readonly Subscription[],
    private readonly duplicateWindow: number | null,
    private readonly store: EntityStore,
    private readonly context: EntityContext,
  ) {
    for (const { sequence } of store.index()) this.scheduled.add(sequence);
  }

  enqueue(incoming: Incoming): number | undefined {
    const now = this.context.now();
    if (
      this.duplicateWindow !== null &&
      this.store.seen(incoming.messageId, now, now - this.duplicateWindow)
    ) {
      return undefined;
    }
    const sequence = this.store.nextSequence();
    const { scheduledFor } = incoming;
    if (scheduledFor === null || scheduledFor <= now) {
      this.publish(incoming, sequence);
      return sequence;
    }
    this.scheduled.add(sequence);
    this.store.insert({
      ...incoming,
      sequence,
      enqueuedSequence: sequence,
      state: SCHEDULED,
      deliveryCount: 0,
      enqueuedAt: now,
      expiresAt: null,
      wakeAt: scheduledFor,
      deadLetterSource: null,
    });
    return sequence;
  }

  private publish(content: MessageContent, sequence: number): void {
    for (const { queue, filters } of this.subscriptions) {
      if (filters.some((filter) => matches(filter, content.bare))) queue.copyIn(content, sequence);
    }
  }

  get nextDeadline(): number {
    return this.store.nextWake ?? Infinity;
  }

  tick(): void {
    for (const sequence of this.store.due(this.context.now(), WAKE_BATCH)) this.activate(sequence);
  }

  private activate(sequence: number): void {
    this.scheduled.delete(sequence);
    const message = this.store.load(sequence);
    this.store.remove(sequence);
    this.publish(message, this.store.nextSequence());
  }

  cancelScheduled(sequences: readonly number[]): boolean {
    if (!sequences.every((sequence) => this.scheduled.has(sequence))) return false;
    for (const sequence of sequences) {
      this.scheduled.delete(sequence);
      this.store.remove(sequence);
    }
    return true;
  }

  peek(from: number, count: number): Buffer[] {
    return this.store
      .list(from, count)
      .map((message) => encodeDelivery({ ...message, lockedUntil: null }, message.annotations, message.bare));
  }
}
