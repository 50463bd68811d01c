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
import {
  entityDisabled,
  isSendDisabled,
  quotaExceeded,
  type Incoming,
  type Passage,
  type Refusal,
  type Status,
} from './entity';
import { Sequences } from './sequences';
import { Sessions, type SessionLock } from './sessions';

export interface QueueSettings {
  lockDuration: number;
  maxDeliveryCount: number;
  defaultTimeToLive: number | null;
  deadLetteringOnMessageExpiration: boolean;
  /** null: no duplicate detection. */
  duplicateWindow: number | null;
  requiresSession: boolean;
  /** Bytes of all messages, dead letters included. */
  maxSize: number;
  forwardTo: string | null;
  forwardDeadLettersTo: string | null;
  status: Status;
}

export interface EntityContext {
  now: () => number;
  /** Called when a message may have become available to receivers. */
  onAvailable: (queue: Queue) => void;
  /** Called when a session's lock has run out. */
  onSessionLost: (owner: object) => void;
  /** Puts a message into another entity, or says why it cannot be. */
  forward: (path: string, content: MessageContent, passage: Passage) => Refusal | undefined;
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

export type SettleError =
  'com.microsoft:message-lock-lost' | 'com.microsoft:session-lock-lost' | 'amqp:not-allowed';

interface Held extends IndexEntry {
  token: string | null;
}

interface Lock {
  held: Held;
  until: number;
}

/** Where messages go that leave this queue without having been consumed. */
export interface SideQueues {
  readonly deadLetters: Queue;
  /** What could not be forwarded. */
  readonly transferDeadLetters: Queue;
}

export class Queue {
  private readonly messages = new Map<number, Held>();
  private readonly ready = new Sequences();
  /** In order of expiry: every lock of a queue lasts equally long, and renewing moves it to the end. */
  private readonly locks = new Map<string, Lock>();
  private readonly sessions: Sessions<Held> | undefined;
  /** By the lock token of a message: the session it was given under. */
  private readonly underSession = new Map<string, SessionLock<Held>>();
  private scheduled = 0;
  private bytes = 0;

  constructor(
    readonly path: string,
    readonly settings: QueueSettings,
    private readonly store: EntityStore,
    private readonly context: EntityContext,
    readonly side?: SideQueues,
  ) {
    this.sessions = settings.requiresSession ? new Sessions() : undefined;
    for (const entry of store.index()) this.hold({ ...entry, token: null });
  }

  counts(): { active: number; scheduled: number } {
    return { active: this.messages.size - this.scheduled, scheduled: this.scheduled };
  }

  get size(): number {
    return this.bytes + (this.side ? this.side.deadLetters.size + this.side.transferDeadLetters.size : 0);
  }

  /** Why these messages cannot be taken in; all of a batch is looked at before any of it is stored. */
  refusal(messages: readonly Incoming[]): Refusal | undefined {
    const { status, requiresSession, maxSize } = this.settings;
    if (isSendDisabled(status)) return entityDisabled(this.path);
    if (requiresSession && messages.some(({ sessionId }) => sessionId === null)) {
      return { condition: 'amqp:not-allowed', description: NO_SESSION_ID };
    }
    return this.size + sizeOf(messages) > maxSize ? quotaExceeded(this.path, maxSize) : undefined;
  }

  /** The sequence number, or undefined for a duplicate, which is accepted and dropped. */
  enqueue(incoming: Incoming, passage?: Passage): number | undefined {
    const now = this.context.now();
    const { duplicateWindow } = this.settings;
    if (duplicateWindow !== null && this.store.seen(incoming.messageId, now, now - duplicateWindow))
      return undefined;
    return this.copyIn(incoming, passage);
  }

  /** A message that was accepted: from a sender, by the topic, or by the entity that forwards here. */
  copyIn(content: MessageContent, passage?: Passage): number {
    const now = this.context.now();
    const sequence = this.store.nextSequence();
    const message = {
      ...content,
      sequence,
      enqueuedSequence: passage?.enqueuedSequence ?? sequence,
      deliveryCount: 0,
      deadLetterSource: passage?.deadLetterSource ?? null,
      enqueuedAt: now,
    };
    if (content.scheduledFor !== null && content.scheduledFor > now) {
      this.put({ ...message, state: SCHEDULED, expiresAt: null, wakeAt: content.scheduledFor });
    } else {
      this.arrive({ ...message, state: ACTIVE, ...this.expiry(content.ttl, now) }, passage?.hops ?? 0);
    }
    return sequence;
  }

  private arrive(message: StoredMessage, hops: number): void {
    const { forwardTo, requiresSession } = this.settings;
    if (forwardTo !== null) this.forward(message, forwardTo, hops);
    else if (requiresSession && message.sessionId === null) {
      // A topic takes every message; only the subscription can tell that this one has no place in it.
      this.side?.deadLetters.takeOver(withReason(message, 'Session ID is null.', NULL_SESSION_ID, this.path));
    } else this.put(message);
  }

  private forward(message: StoredMessage, target: string, hops: number): void {
    const refusal: Refusal | undefined =
      hops >= MAX_HOPS
        ? { condition: 'MaxTransferHopCountExceeded', description: TOO_MANY_HOPS }
        : this.context.forward(target, message, {
            hops: hops + 1,
            enqueuedSequence: message.enqueuedSequence,
            deadLetterSource: message.deadLetterSource,
          });
    if (!refusal) return;
    this.side?.transferDeadLetters.takeOver(
      withReason(message, refusal.condition, refusal.description, this.path),
    );
  }

  private expiry(ttl: number | null, now: number): { expiresAt: number | null; wakeAt: number | null } {
    const life = Math.min(ttl ?? Infinity, this.settings.defaultTimeToLive ?? Infinity);
    const expiresAt = Number.isFinite(life) ? now + life : null;
    return { expiresAt, wakeAt: expiresAt };
  }

  private put(message: StoredMessage): void {
    this.store.insert(message);
    const { sequence, state, deliveryCount, expiresAt, sessionId } = message;
    this.hold({
      sequence,
      state,
      deliveryCount,
      expiresAt,
      sessionId,
      size: message.bare.length,
      token: null,
    });
    if (state === ACTIVE) this.context.onAvailable(this);
  }

  private hold(held: Held): void {
    this.messages.set(held.sequence, held);
    this.bytes += held.size;
    if (held.state === ACTIVE) this.readyOf(held).add(held.sequence);
    if (held.state === SCHEDULED) this.scheduled++;
  }

  private readyOf({ sessionId }: Held): Sequences {
    return this.sessions ? this.sessions.ready(sessionId ?? '') : this.ready;
  }

  private drop(held: Held): void {
    this.store.remove(held.sequence);
    this.messages.delete(held.sequence);
    this.bytes -= held.size;
    if (held.state === SCHEDULED) this.scheduled--;
  }

  /**
   * The next available message, of the session that the owner holds where there are sessions: locked for the receiver,
   * or gone when it asked for settled deliveries.
   */
  take(settled: boolean, owner?: object): Delivery | undefined {
    const lock = owner && this.sessions?.lockedBy(owner);
    if (this.sessions && !lock) return undefined;
    const ready = lock && this.sessions ? this.sessions.ready(lock.id) : this.ready;
    const held = this.available(ready);
    if (!held) return undefined;
    ready.take();
    return this.deliver(held, settled, lock);
  }

  /** The first that is still to be had; on the way, what is gone is skipped and what has expired is put aside. */
  private available(ready: Sequences): Held | undefined {
    for (let sequence = ready.first; sequence !== undefined; sequence = ready.first) {
      const held = this.messages.get(sequence);
      const isWaiting = held?.state === ACTIVE && held.token === null;
      if (held && isWaiting && !this.hasExpired(held)) return held;
      ready.take();
      if (held && isWaiting) this.expire(held);
    }
    return undefined;
  }

  /** Deferred messages by sequence number: all of them or, when one is not there, undefined. */
  takeDeferred(sequences: readonly number[], settled: boolean, sessionId?: string): Delivery[] | undefined {
    const lock = sessionId === undefined ? undefined : this.liveSession(sessionId);
    if (this.sessions && !lock) return undefined;
    const found: Held[] = [];
    for (const sequence of sequences) {
      const held = this.messages.get(sequence);
      if (!held || held.state !== DEFERRED || held.token !== null || this.hasExpired(held)) return undefined;
      if (lock && held.sessionId !== lock.id) return undefined;
      found.push(held);
    }
    return found.map((held) => this.deliver(held, settled, lock));
  }

  private deliver(held: Held, settled: boolean, session: SessionLock<Held> | undefined): Delivery {
    const message = this.store.load(held.sequence);
    if (settled) {
      this.drop(held);
      return { token: null, bytes: encoded(message, null) };
    }
    const token = randomUUID();
    held.token = token;
    if (session) {
      session.held.set(token, held);
      this.underSession.set(token, session);
      return { token, bytes: encoded(message, session.until) };
    }
    const until = this.context.now() + this.settings.lockDuration;
    this.locks.set(token, { held, until });
    return { token, bytes: encoded(message, until) };
  }

  settle(token: string, outcome: Outcome): SettleError | undefined {
    if (!this.isLive(token)) {
      return this.sessions ? 'com.microsoft:session-lock-lost' : 'com.microsoft:message-lock-lost';
    }
    if (outcome.kind === 'dead-letter' && !this.side) return 'amqp:not-allowed';
    const held = this.unlock(token);
    if (!held) return 'com.microsoft:message-lock-lost';
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

  private isLive(token: string): boolean {
    const until = this.underSession.get(token)?.until ?? this.locks.get(token)?.until;
    return until !== undefined && until > this.context.now();
  }

  private unlock(token: string): Held | undefined {
    const session = this.underSession.get(token);
    const held = session ? session.held.get(token) : this.locks.get(token)?.held;
    session?.held.delete(token);
    this.underSession.delete(token);
    this.locks.delete(token);
    if (held) held.token = null;
    return held;
  }

  /** The new end of each lock, or undefined when one of them is lost. */
  renew(tokens: readonly string[]): number[] | undefined {
    if (this.sessions || !tokens.every((token) => this.isLive(token))) return undefined;
    const until = this.context.now() + this.settings.lockDuration;
    return tokens.map((token) => {
      const lock = this.locks.get(token);
      this.locks.delete(token);
      if (lock) this.locks.set(token, { held: lock.held, until });
      return until;
    });
  }

  /** Ends these locks before their time, as a failover of the service does. */
  loseLocks(tokens: readonly string[]): void {
    for (const token of tokens) {
      const session = this.underSession.get(token);
      if (session) this.loseSession(session);
      else {
        const held = this.unlock(token);
        if (held) this.countFailure(held);
      }
    }
  }

  /**
   * Locks a session for a receiver: the named one, or that whose message has waited longest. 'taken' when another
   * receiver has it, undefined when no session with a message is free.
   */
  acceptSession(id: string | undefined, owner: object): { id: string; until: number } | 'taken' | undefined {
    if (!this.sessions) return undefined;
    this.endSessions();
    if (id !== undefined && this.sessions.lockOf(id)) return 'taken';
    const chosen = id ?? this.sessions.longestWaiting((ready) => this.available(ready)?.sequence);
    if (chosen === undefined) return undefined;
    return this.sessions.lock(chosen, owner, this.context.now() + this.settings.lockDuration);
  }

  /** The receiver has closed: its messages are available again, and no delivery is counted. */
  releaseSession(owner: object): void {
    const lock = this.sessions?.lockedBy(owner);
    if (lock) this.endSession(lock, (held) => this.makeAvailable(held));
  }

  renewSession(id: string): number | undefined {
    const lock = this.liveSession(id);
    if (!lock) return undefined;
    lock.until = this.context.now() + this.settings.lockDuration;
    return lock.until;
  }

  /** undefined when the session is not locked. */
  sessionState(id: string): { state: Uint8Array | null } | undefined {
    return this.liveSession(id) && { state: this.store.sessionState(id) };
  }

  setSessionState(id: string, state: Uint8Array | null): boolean {
    if (!this.liveSession(id)) return false;
    this.store.setSessionState(id, state, this.context.now());
    return true;
  }

  sessionsSince(time: number): string[] {
    return this.store.sessionsSince(time);
  }

  private liveSession(id: string): SessionLock<Held> | undefined {
    const lock = this.sessions?.lockOf(id);
    return lock && lock.until > this.context.now() ? lock : undefined;
  }

  private endSessions(): void {
    for (const lock of this.sessions?.expired(this.context.now()) ?? []) this.loseSession(lock);
  }

  /** https://learn.microsoft.com/azure/service-bus-messaging/message-sessions: a lock that runs out counts a delivery. */
  private loseSession(lock: SessionLock<Held>): void {
    this.endSession(lock, (held) => this.countFailure(held));
    this.context.onSessionLost(lock.owner);
  }

  private endSession(lock: SessionLock<Held>, giveBack: (held: Held) => void): void {
    this.sessions?.unlock(lock);
    for (const [token, held] of lock.held) {
      this.underSession.delete(token);
      held.token = null;
      giveBack(held);
    }
    // Somebody may wait for a session to become free.
    this.context.onAvailable(this);
  }

  /** When this queue next has something to do by itself. */
  get nextDeadline(): number {
    const [lock] = this.locks.values();
    return Math.min(
      lock?.until ?? Infinity,
      this.sessions?.nextDeadline ?? Infinity,
      this.store.nextWake ?? Infinity,
    );
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
    this.endSessions();
    for (const sequence of this.store.due(now, WAKE_BATCH)) this.wake(sequence);
  }

  private wake(sequence: number): void {
    const held = this.messages.get(sequence);
    if (!held) return;
    // A locked message does not expire; look again when the lock ends.
    const lockedUntil =
      held.token === null
        ? undefined
        : (this.underSession.get(held.token)?.until ?? this.locks.get(held.token)?.until);
    if (lockedUntil !== undefined) this.store.setWake(sequence, lockedUntil);
    else if (held.state === SCHEDULED) this.activate(held);
    else if (this.hasExpired(held)) this.expire(held);
  }

  /** A scheduled message is enqueued now, and like every message that is, it takes the next sequence number. */
  private activate(held: Held): void {
    const message = this.store.load(held.sequence);
    const now = this.context.now();
    this.drop(held);
    const sequence = this.store.nextSequence();
    this.arrive(
      { ...message, sequence, state: ACTIVE, enqueuedAt: now, ...this.expiry(message.ttl, now) },
      0,
    );
  }

  /** False, and nothing cancelled, when one of them is not a scheduled message. */
  cancelScheduled(sequences: readonly number[]): boolean {
    const found = sequences.map((sequence) => this.messages.get(sequence));
    if (!found.every((held) => held?.state === SCHEDULED)) return false;
    for (const held of found) if (held) this.drop(held);
    return true;
  }

  /** Messages in every state, without locking them. */
  peek(from: number, count: number, sessionId?: string): Buffer[] {
    return this.store.list(from, count, sessionId).map((message) => encoded(message, null));
  }

  private hasExpired(held: Held): boolean {
    return held.expiresAt !== null && held.expiresAt <= this.context.now();
  }

  private expire(held: Held): void {
    if (!this.settings.deadLetteringOnMessageExpiration || !this.side) return this.drop(held);
    this.deadLetter(held, {
      DeadLetterReason: 'TTLExpiredException',
      DeadLetterErrorDescription: 'The message expired and was dead lettered.',
    });
  }

  private countFailure(held: Held): void {
    held.deliveryCount++;
    if (this.side && held.deliveryCount >= this.settings.maxDeliveryCount) {
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
    this.readyOf(held).add(held.sequence);
    this.context.onAvailable(this);
  }

  private change(held: Held, properties: Record<string, unknown>): void {
    if (Object.keys(properties).length === 0) return;
    const { bare } = this.store.load(held.sequence);
    const changed = withApplicationProperties(bare, properties);
    this.store.setBare(held.sequence, changed);
    this.bytes += changed.length - held.size;
    held.size = changed.length;
  }

  private deadLetter(held: Held, properties: Record<string, unknown>): void {
    const message = this.store.load(held.sequence);
    this.drop(held);
    const dead = {
      ...message,
      bare: withApplicationProperties(message.bare, properties),
      deliveryCount: held.deliveryCount,
      deadLetterSource: this.path,
    };
    const { forwardDeadLettersTo } = this.settings;
    if (forwardDeadLettersTo === null) this.side?.deadLetters.takeOver(dead);
    else this.forward({ ...dead, enqueuedSequence: message.sequence }, forwardDeadLettersTo, 0);
  }

  /** A dead letter keeps its history; in its new queue it neither expires nor runs out of deliveries. */
  private takeOver(message: StoredMessage): void {
    const sequence = this.store.nextSequence();
    this.put({ ...message, sequence, state: ACTIVE, expiresAt: null, wakeAt: null });
  }
}

/** Bounds one turn of the event loop; what is left follows in the next. */
const WAKE_BATCH = 1000;

/** https://learn.microsoft.com/azure/service-bus-messaging/service-bus-dead-letter-queues: reasons and limit. */
const MAX_HOPS = 4;
const TOO_MANY_HOPS = 'The maximum number of allowed hops when forwarding between queues is exceeded.';
const NULL_SESSION_ID = "Session enabled entity doesn't allow a message whose session identifier is null.";
const NO_SESSION_ID =
  'The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support ' +
  'enabled can only receive messages that have the SessionId set to a valid value.';

const sizeOf = (messages: readonly Incoming[]): number =>
  messages.reduce((sum, { bare }) => sum + bare.length, 0);

function withReason(
  message: StoredMessage,
  reason: string,
  description: string,
  path: string,
): StoredMessage {
  const properties = { DeadLetterReason: reason, DeadLetterErrorDescription: description };
  return {
    ...message,
    bare: withApplicationProperties(message.bare, properties),
    deadLetterSource: path,
  };
}

function encoded(message: StoredMessage, lockedUntil: number | null): Buffer {
  return encodeDelivery({ ...message, lockedUntil }, message.annotations, message.bare);
}
