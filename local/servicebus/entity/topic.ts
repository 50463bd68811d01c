import { SCHEDULED, type EntityStore, type MessageContent } from '../store';
import { encodeDelivery, withChanges } from '../codec';
import { copiesFor, factsOf, type Facts } from '../rules';
import {
  entityDisabled,
  isSendDisabled,
  quotaExceeded,
  type Incoming,
  type Passage,
  type Refusal,
  type Status,
} from './entity';
import type { EntityContext, Queue } from './queue';
import type { SubscriptionRules } from './subscription-rules';

export interface Subscription {
  readonly queue: Queue;
  readonly rules: SubscriptionRules;
}

export interface TopicSettings {
  duplicateWindow: number | null;
  maxSize: number;
  status: Status;
}

const WAKE_BATCH = 1000;

/** Copies what it accepts to each subscription whose rules match; keeps only what is scheduled for later. */
export class Topic {
  /** The sizes of what is scheduled, by sequence number. */
  private readonly scheduled = new Map<number, number>();
  private scheduledBytes = 0;

  constructor(
    readonly path: string,
    readonly subscriptions: readonly Subscription[],
    readonly settings: TopicSettings,
    private readonly store: EntityStore,
    private readonly context: EntityContext,
  ) {
    for (const { sequence, size } of store.index()) this.schedule(sequence, size);
  }

  private schedule(sequence: number, size: number): void {
    this.scheduled.set(sequence, size);
    this.scheduledBytes += size;
  }

  private unschedule(sequence: number): void {
    this.scheduledBytes -= this.scheduled.get(sequence) ?? 0;
    this.scheduled.delete(sequence);
    this.store.remove(sequence);
  }

  /** A topic's quota is that of all its subscriptions together. */
  private get size(): number {
    return this.subscriptions.reduce((sum, { queue }) => sum + queue.size, this.scheduledBytes);
  }

  refusal(messages: readonly Incoming[]): Refusal | undefined {
    const { status, maxSize } = this.settings;
    if (isSendDisabled(status)) return entityDisabled(this.path);
    const added = messages.reduce((sum, { bare }) => sum + bare.length, 0);
    return this.size + added > maxSize ? quotaExceeded(this.path, maxSize) : undefined;
  }

  enqueue(incoming: Incoming, passage?: Passage): number | undefined {
    const now = this.context.now();
    const { duplicateWindow } = this.settings;
    if (duplicateWindow !== null && this.store.seen(incoming.messageId, now, now - duplicateWindow))
      return undefined;
    const sequence = this.store.nextSequence();
    const { scheduledFor } = incoming;
    if (scheduledFor === null || scheduledFor <= now) {
      this.publish(incoming, sequence, passage);
      return sequence;
    }
    this.schedule(sequence, incoming.bare.length);
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

  private publish(content: MessageContent, sequence: number, passage?: Passage): void {
    let known: Facts | undefined;
    // Decoded once, and only where a rule looks.
    const facts = (): Facts => (known ??= factsOf(content.bare));
    const copied = { hops: 0, deadLetterSource: null, ...passage, enqueuedSequence: sequence };
    for (const { queue, rules } of this.subscriptions) {
      for (const changes of copiesFor(rules.list, facts)) {
        const copy = changes ? changedCopy(content, changes) : content;
        queue.copyIn(copy, copied);
      }
    }
  }

  get nextDeadline(): number {
    return this.store.nextWake ?? Infinity;
  }

  tick(): void {
    for (const sequence of this.store.due(this.context.now(), WAKE_BATCH)) this.activate(sequence);
  }

  private activate(sequence: number): void {
    const message = this.store.load(sequence);
    this.unschedule(sequence);
    this.publish(message, this.store.nextSequence());
  }

  cancelScheduled(sequences: readonly number[]): boolean {
    if (!sequences.every((sequence) => this.scheduled.has(sequence))) return false;
    for (const sequence of sequences) this.unschedule(sequence);
    return true;
  }

  peek(from: number, count: number): Buffer[] {
    return this.store
      .list(from, count)
      .map((message) => encodeDelivery({ ...message, lockedUntil: null }, message.annotations, message.bare));
  }
}

type Changes = Parameters<typeof withChanges>[1];

function changedCopy(content: MessageContent, changes: Changes): MessageContent {
  const { SessionId } = changes.system;
  return {
    ...content,
    bare: withChanges(content.bare, changes),
    ...(SessionId === undefined ? {} : { sessionId: SessionId }),
  };
}
