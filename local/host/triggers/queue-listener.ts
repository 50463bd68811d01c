import { RestError, type DequeuedMessageItem, type QueueClient } from '@azure/storage-queue';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors';
import { throttled } from '../throttled';

export interface QueueWork {
  readonly name: string;
  readonly queue: QueueClient;
  /** Where a message goes that failed `maxDequeueCount` times; made when first needed. */
  readonly poison: QueueClient;
  readonly batchSize: number;
  /** The next batch is fetched when no more than so many messages are being worked on. */
  readonly newBatchThreshold: number;
  readonly maxDequeueCount: number;
  /** How long a failed message stays hidden before it comes again. */
  readonly visibilityTimeoutMs: number;
  readonly maxPollingMs: number;
  log(line: string): void;
  /** Fails when the message has to come again, by a PoisonError when no later try can do better. */
  process(message: DequeuedMessageItem): Promise<void>;
}

export class PoisonError extends Error {}

const MIN_POLLING_MS = 100;
/** A received message is hidden for so long, and for as long again at each renewal while its function runs. */
const LEASE_SECONDS = 600;

/**
 * Reads a storage queue as the WebJobs SDK does: polls with a growing delay while it is empty, works on several messages
 * at once, deletes what succeeded, shows again what failed, and moves to the poison queue what failed too often.
 */
export class QueueListener {
  #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  readonly #running = new Set<Promise<void>>();
  #wake: () => void = () => undefined;

  constructor(private readonly work: QueueWork) {}

  start(): void {
    this.#stopping = new AbortController();
    this.#loop = this.#poll(this.#stopping.signal);
  }

  stop(): void {
    this.#stopping.abort();
    this.#wake();
  }

  async close(): Promise<void> {
    await this.#loop;
    await Promise.all(this.#running);
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { queue, batchSize, newBatchThreshold, maxPollingMs, name, log } = this.work;
    const logError = throttled(log, `Queue ${queue.name}, read for ${name}`);
    let delay = MIN_POLLING_MS;
    while (!signal.aborted) {
      if (this.#running.size > newBatchThreshold) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const messages = await this.#receive(batchSize, signal).catch((error: unknown) => {
        // A queue that is not there yet is an empty one.
        const isMissing = error instanceof RestError && error.code === 'QueueNotFound';
        if (!isMissing && !signal.aborted) logError(error);
        return [];
      });
      for (const message of messages) this.#track(this.#handle(message));
      if (messages.length) {
        delay = MIN_POLLING_MS;
        continue;
      }
      await sleep(delay, undefined, { signal }).catch(() => undefined);
      delay = Math.min(delay * 2, Math.max(maxPollingMs, MIN_POLLING_MS));
    }
  }

  async #receive(numberOfMessages: number, abortSignal: AbortSignal): Promise<DequeuedMessageItem[]> {
    const { receivedMessageItems } = await this.work.queue.receiveMessages({
      numberOfMessages,
      visibilityTimeout: LEASE_SECONDS,
      abortSignal,
    });
    return receivedMessageItems;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#running.delete(tracked);
      this.#wake();
    });
    this.#running.add(tracked);
  }

  async #handle(message: DequeuedMessageItem): Promise<void> {
    const { queue, visibilityTimeoutMs, name, log } = this.work;
    let { popReceipt } = message;
    const renewal = setInterval(
      () => {
        queue.updateMessage(message.messageId, popReceipt, undefined, LEASE_SECONDS).then(
          (renewed) => (popReceipt = renewed.popReceipt ?? popReceipt),
          () => undefined,
        );
      },
      (LEASE_SECONDS / 2) * 1000,
    );
    try {
      const outcome = await this.#run(message);
      if (outcome === 'failed') {
        const seconds = Math.round(visibilityTimeoutMs / 1000);
        await queue.updateMessage(message.messageId, popReceipt, undefined, seconds);
        return;
      }
      if (outcome === 'poison') await this.#moveToPoison(message);
      await queue.deleteMessage(message.messageId, popReceipt);
    } catch (error) {
      // It becomes visible again when its time is over.
      log(`Queue ${queue.name}, read for ${name}: a message could not be settled: ${messageOf(error)}`);
    } finally {
      clearInterval(renewal);
    }
  }

  async #run(message: DequeuedMessageItem): Promise<'succeeded' | 'failed' | 'poison'> {
    const { maxDequeueCount, process } = this.work;
    // It was fetched before and its host died each time.
    if (message.dequeueCount > maxDequeueCount) return 'poison';
    try {
      await process(message);
      return 'succeeded';
    } catch (error) {
      return error instanceof PoisonError || message.dequeueCount >= maxDequeueCount ? 'poison' : 'failed';
    }
  }

  async #moveToPoison(message: DequeuedMessageItem): Promise<void> {
    const { poison, log } = this.work;
    log(`A message has failed for good; it is moved to queue '${poison.name}'.`);
    await poison.createIfNotExists();
    await poison.sendMessage(message.messageText);
  }
}
