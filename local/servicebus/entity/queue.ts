/**
 * What a queue (or a subscription, or a dead-letter queue) does with its messages: a state machine over its part of
 * the store and a clock. Bodies stay in the file; memory holds some forty bytes of index per message.
 */
import { randomUUID } from 'node:crypto';
import { encodeDelivery, withApplicationProperties } from '../codec';
import {
  ACTIVE,
  DEFERRED,
  SCHEDULED,
  type EntityStore,
  type IndexEntry,
  type MessageContent,
  type StoredMessage,
} from '../store';
import { Sequences } from './sequences';

export interface QueueSettings {
  lockDuration: number;
  maxDeliveryCount: number;
  defaultTimeToLive: number | null;
  deadLetteringOnMessageExpiration: boolean;
  /** null: no duplicate detection. */
  duplicateWindow: number | null;
}

export interface EntityContext {
  now: () => number;
  /** Called when a message may have become available to receivers. */
  onAvailable: (queue: Queue) => void;
}

export interface Incoming extends MessageContent {
  messageId: string;
}

export interface Delivery {
  /** null when the message was delivered settled and is gone. */
  token: string | null;
  bytes: Buffer;
}

export type Outcome =
  | { kind: 'complete' }
  | { kind: 'release' }
  | { kind: 'abandon' | 'defer' | 'dead-letter'; properties: Record<string, unknown> };

export type SettleError = 'com.microsoft:message-lock-lost' | 'amqp:not-allowed';

interface Held extends IndexEntry {
  token: string | null;
}

interface Lock {
  held: Held;
  until: number;
}

export class Queue {
  private readonly messages = new Map<number, Held>();
  private readonly ready = new Sequences();
  /** In order of expiry: every lock of a queue lasts equally long, and renewing moves it to the end. */
  private readonly locks = new Map<string, Lock>();
  private scheduled = 0;

  constructor(
    readonly path: string,
    private readonly settings: QueueSettings,
    private readonly store: EntityStore,
    private readonly context: EntityContext,
    readonly deadLetterQueue?: Queue,
  ) {
    for (const entry of store.index()) this.hold({ ...entry, token: null });
  }

  counts(): { active: number; scheduled: number } {
    return { active: this.messages.size - this.scheduled, scheduled: this.scheduled };
  }

  /** The sequence number, or undefined for a duplicate, which is accepted and dropped. */
  enqueue(incoming: Incoming): number | undefined {
    const now = this.context.now();
    const { duplicateWindow } = this.settings;
    if (duplicateWindow !== null && this.store.seen(incoming.messageId, now, now - duplicateWindow))
      return undefined;
    const sequence = this.store.nextSequence();
    return this.add({ ...incoming, sequence, enqueuedSequence: sequence, ...fresh });
  }

  /** A copy of a message that a topic accepted. */
  copyIn(content: MessageContent, topicSequence: number): void {
    this.add({ ...content, sequence: this.store.nextSequence(), enqueuedSequence: topicSequence, ...fresh });
  }

  private add(message: Omit<StoredMessage, 'state' | 'enqueuedAt' | 'expiresAt' | 'wakeAt'>): number {
    const now = this.context.now();
    if (message.scheduledFor !== null && message.scheduledFor > now) {
      const wakeAt = message.scheduledFor;
      this.put({ ...message, state: SCHEDULED, enqueuedAt: now, expiresAt: null, wakeAt });
    } else {
      this.put({ ...message, state: ACTIVE, enqueuedAt: now, ...this.expiry(message.ttl, now) });
    }
    return message.sequence;
  }

  private expiry(ttl: number | null, now: number): { expiresAt: number | null; wakeAt: number | null } {
    const life = Math.min(ttl ?? Infinity, this.settings.defaultTimeToLive ?? Infinity);
    const expiresAt = Number.isFinite(life) ? now + life : null;
    return { expiresAt, wakeAt: expiresAt };
  }

  private put(message: StoredMessage): void {
    this.store.insert(message);
    const { sequence, state, deliveryCount, expiresAt } = message;
    this.hold({ sequence, state, deliveryCount, expiresAt, token: null });
    if (state === ACTIVE) this.context.onAvailable(this);
  }

  private hold(held: Held): void {
    this.messages.set(held.sequence, held);
    if (held.state === ACTIVE) this.ready.add(held.sequence);
    if (held.state === SCHEDULED) this.scheduled++;
  }

  private drop(held: Held): void {
    this.store.remove(held.sequence);
    this.messages.delete(held.sequence);
    if (held.state === SCHEDULED) this.scheduled--;
  }

  /** The next available message: locked for the receiver, or gone when it asked for settled deliveries. */
  take(settled: boolean): Delivery | undefined {
    for (;;) {
      const sequence = this.ready.take();
      if (sequence === undefined) return undefined;
      const held = this.messages.get(sequence);
      if (!held || held.state !== ACTIVE || held.token !== null) continue;
      if (this.hasExpired(held)) this.expire(held);
      else return this.deliver(held, settled);
    }
  }

  /** Deferred messages by sequence number: all of them or, when one is not there, undefined. */
  takeDeferred(sequences: readonly number[], settled: boolean): Delivery[] | undefined {
    const found: Held[] = [];
    for (const sequence of sequences) {
      const held = this.messages.get(sequence);
      if (!held || held.state !== DEFERRED || held.token !== null || this.hasExpired(held)) return undefined;
      found.push(held);
    }
    return found.map((held) => this.deliver(held, settled));
  }

  private deliver(held: Held, settled: boolean): Delivery {
    const message = this.store.load(held.sequence);
    if (settled) {
      this.drop(held);
      return { token: null, bytes: encoded(message, null) };
    }
    const token = randomUUID();
    const until = this.context.now() + this.settings.lockDuration;
    held.token = token;
    this.locks.set(token, { held, until });
    return { token, bytes: encoded(message, until) };
  }

  settle(token: string, outcome: Outcome): SettleError | undefined {
    const lock = this.liveLock(token);
    if (!lock) return 'com.microsoft:message-lock-lost';
    if (outcome.kind === 'dead-letter' && !this.deadLetterQueue) return 'amqp:not-allowed';
    this.locks.delete(token);
    const { held } = lock;
    held.token = null;
    switch (outcome.kind) {
      case 'complete':
        this.drop(held);
        break;
      case 'release':
        this.makeAvailable(held);
        break;
      case 'abandon':
        this.change(held, outcome.properties);
        this.countFailure(held);
        break;
      case 'defer':
        this.change(held, outcome.properties);
        held.state = DEFERRED;
        held.deliveryCount++;
        this.store.setDelivery(held.sequence, DEFERRED, held.deliveryCount);
        break;
      case 'dead-letter':
        this.deadLetter(held, outcome.properties);
        break;
    }
    return undefined;
  }

  /** The new end of each lock, or undefined when one of them is lost. */
  renew(tokens: readonly string[]): number[] | undefined {
    if (!tokens.every((token) => this.liveLock(token))) return undefined;
    const until = this.context.now() + this.settings.lockDuration;
    return tokens.map((token) => {
      const lock = this.locks.get(token);
      this.locks.delete(token);
      if (lock) this.locks.set(token, { held: lock.held, until });
      return until;
    });
  }

  private liveLock(token: string): Lock | undefined {
    const lock = this.locks.get(token);
    return lock && lock.until > this.context.now() ? lock : undefined;
  }

  /** When this queue next has something to do by itself. */
  get nextDeadline(): number {
    const [lock] = this.locks.values();
    return Math.min(lock?.until ?? Infinity, this.store.nextWake ?? Infinity);
  }

  /** Locks that ran out, messages whose scheduled time has come, messages that have expired. */
  tick(): void {
    const now = this.context.now();
    for (const [token, lock] of this.locks) {
      if (lock.until > now) break;
      this.locks.delete(token);
      lock.held.token = null;
      this.countFailure(lock.held);
    }
    for (const sequence of this.store.due(now, WAKE_BATCH)) this.wake(sequence);
  }

  private wake(sequence: number): void {
    const held = this.messages.get(sequence);
    if (!held) return;
    const lock = held.token === null ? undefined : this.locks.get(held.token);
    // A locked message does not expire; look again when the lock ends.
    if (lock) this.store.setWake(sequence, lock.until);
    else if (held.state === SCHEDULED) this.activate(held);
    else if (this.hasExpired(held)) this.expire(held);
  }

  /** A scheduled message is enqueued now, and like every message that is, it takes the next sequence number. */
  private activate(held: Held): void {
    const message = this.store.load(held.sequence);
    const now = this.context.now();
    this.drop(held);
    const sequence = this.store.nextSequence();
    this.put({ ...message, sequence, state: ACTIVE, enqueuedAt: now, ...this.expiry(message.ttl, now) });
  }

  /** False, and nothing cancelled, when one of them is not a scheduled message. */
  cancelScheduled(sequences: readonly number[]): boolean {
    const found = sequences.map((sequence) => this.messages.get(sequence));
    if (!found.every((held) => held?.state === SCHEDULED)) return false;
    for (const held of found) if (held) this.drop(held);
    return true;
  }

  /** Messages in every state, without locking them. */
  peek(from: number, count: number): Buffer[] {
    return this.store.list(from, count).map((message) => encoded(message, null));
  }

  private hasExpired(held: Held): boolean {
    return held.expiresAt !== null && held.expiresAt <= this.context.now();
  }

  private expire(held: Held): void {
    if (!this.settings.deadLetteringOnMessageExpiration || !this.deadLetterQueue) return this.drop(held);
    this.deadLetter(held, {
      DeadLetterReason: 'TTLExpiredException',
      DeadLetterErrorDescription: 'The message expired and was dead lettered.',
    });
  }

  private countFailure(held: Held): void {
    held.deliveryCount++;
    if (this.deadLetterQueue && held.deliveryCount >= this.settings.maxDeliveryCount) {
      this.deadLetter(held, {
        DeadLetterReason: 'MaxDeliveryCountExceeded',
        DeadLetterErrorDescription: `Message could not be consumed after ${held.deliveryCount} delivery attempts.`,
      });
      return;
    }
    this.store.setDelivery(held.sequence, held.state, held.deliveryCount);
    this.makeAvailable(held);
  }

  private makeAvailable(held: Held): void {
    if (held.state !== ACTIVE) return;
    this.ready.add(held.sequence);
    this.context.onAvailable(this);
  }

  private change(held: Held, properties: Record<string, unknown>): void {
    if (Object.keys(properties).length === 0) return;
    const { bare } = this.store.load(held.sequence);
    this.store.setBare(held.sequence, withApplicationProperties(bare, properties));
  }

  private deadLetter(held: Held, properties: Record<string, unknown>): void {
    const message = this.store.load(held.sequence);
    this.drop(held);
    this.deadLetterQueue?.takeOver({
      ...message,
      bare: withApplicationProperties(message.bare, properties),
      deliveryCount: held.deliveryCount,
      deadLetterSource: this.path,
    });
  }

  /** A dead letter keeps its history; in its new queue it neither expires nor runs out of deliveries. */
  private takeOver(message: StoredMessage): void {
    const sequence = this.store.nextSequence();
    this.put({ ...message, sequence, state: ACTIVE, expiresAt: null, wakeAt: null });
  }
}

/** Bounds one turn of the event loop; what is left follows in the next. */
const WAKE_BATCH = 1000;

const fresh = { deliveryCount: 0, deadLetterSource: null };

function encoded(message: StoredMessage, lockedUntil: number | null): Buffer {
  return encodeDelivery({ ...message, lockedUntil }, message.annotations, message.bare);
}
