import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BindingOptions } from '../binding-options';
import { serviceBusClient } from '../clients';
import type { Connection } from '../connections';
import type { HostContext } from '../context';
import { HostError } from '../errors';
import type { HostedFunction } from '../invoker';
import { semaphore } from '../semaphore';
import { throttled } from '../throttled';
import { isLinkOpen, prepareSettlement } from './links';
import { renewLock } from './lock-renewal';
import { batchEvent, singleMessageEvent } from './service-bus-event';
import { receiveSessions } from './service-bus-sessions';
import { BY_HAND, type Listener, type TriggeredFunction } from './trigger';

interface ServiceBusOptions {
  connection: Connection;
  entity: { queue: string } | { topic: string; subscription: string };
  binary: boolean;
  many: boolean;
  sessions: boolean;
}

type ServiceBusFunction = HostedFunction & ServiceBusOptions;

const RECONNECT_DELAY_MS = 1_000;
/**
 * A settlement that was on its way when the connection broke gets no answer, and the SDK waits a minute for it. The
 * message comes again anyway; its place must not be held for so long.
 */
const SETTLE_WAIT_MS = 5_000;

export async function openServiceBus(
  functions: readonly TriggeredFunction[],
  host: HostContext,
): Promise<readonly Listener[]> {
  if (host.settings.serviceBus.webSockets) {
    throw new HostError(
      'host.json: serviceBus.transportType amqpWebSockets is not run by this host; use amqpTcp, which Azure takes as well.',
    );
  }
  return functions.map(({ options, ...fn }) => serviceBusListener({ ...fn, ...readOptions(options) }, host));
}

function readOptions(options: BindingOptions): ServiceBusOptions {
  const queue = options.text('queueName');
  return {
    connection: options.connection('serviceBus', 'ServiceBus'),
    entity: queue
      ? { queue }
      : { topic: options.required('topicName'), subscription: options.required('subscriptionName') },
    binary: options.text('dataType')?.toLowerCase() === 'binary',
    many: options.text('cardinality')?.toLowerCase() === 'many',
    sessions: options.flag('isSessionsEnabled', false),
  };
}

/**
 * One receiver per function in peek-lock: success completes, failure abandons, and the broker dead-letters after the
 * queue's own maximum of deliveries. A Node function cannot settle a message itself.
 */
function serviceBusListener(
  fn: ServiceBusFunction,
  { settings: { serviceBus: settings }, invoker, log }: HostContext,
): Listener {
  const { maxRetries, delayMs, maxDelayMs } = settings.retry;
  const client = serviceBusClient(fn.connection, {
    // A dropped connection is taken up again within a second or two, for as long as it takes.
    retryOptions: { maxRetries, retryDelayInMs: delayMs, maxRetryDelayInMs: maxDelayMs },
  });
  const logError = throttled(log, `Service Bus trigger of ${fn.name}`);
  const slots = semaphore(settings.maxConcurrentCalls);
  const active = new Set<Promise<void>>();
  let stopReceiving: (() => Promise<void>) | undefined;
  let stopped = true;

  const settle = async (
    receiver: ServiceBusReceiver,
    action: 'complete' | 'abandon',
    message: ServiceBusReceivedMessage,
  ): Promise<void> => {
    prepareSettlement(message, fn.sessions);
    const done = action === 'complete' ? receiver.completeMessage(message) : receiver.abandonMessage(message);
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, SETTLE_WAIT_MS)));
    try {
      await Promise.race([done, limit]);
    } catch (error) {
      // The lock is gone with its connection or its time: the broker delivers the message again.
      logError(error);
    } finally {
      clearTimeout(timer);
      // What fails after the wait has nobody left to tell.
      done.catch(() => undefined);
    }
  };

  /** Of messages without a session, whose lock is the session's. */
  const renewLocks = (from: ServiceBusReceiver, messages: readonly ServiceBusReceivedMessage[]) => {
    const stops = fn.sessions
      ? []
      : messages.map((message) => renewLock(from, message, settings.maxAutoLockRenewalMs));
    return (): void => stops.forEach((stop) => stop());
  };

  const processOne = async (from: ServiceBusReceiver, message: ServiceBusReceivedMessage): Promise<void> => {
    const stopRenewing = renewLocks(from, [message]);
    const release = await slots();
    try {
      // Work that has not begun when its connection ends goes back to the queue.
      if (stopped || !(fn.sessions || isLinkOpen(message))) return await settle(from, 'abandon', message);
      await invoker.run(fn, singleMessageEvent(message, fn));
      if (settings.autoComplete) await settle(from, 'complete', message);
    } catch {
      await settle(from, 'abandon', message);
    } finally {
      stopRenewing();
      release();
    }
  };

  /** What is in hand is settled before the connection closes. */
  const track = (work: Promise<void>): Promise<void> => {
    active.add(work);
    return work.finally(() => active.delete(work));
  };

  const processError = async ({ error }: { error: unknown }): Promise<void> => {
    // A receiver that is being stopped complains about that.
    if (!stopped) logError(error);
  };

  const subscribe = (from: ServiceBusReceiver): (() => Promise<void>) => {
    const subscription = from.subscribe(
      {
        async processMessage(message) {
          await track(processOne(from, message));
          // The SDK now grants one more message to the link of today. That has all it may have from the start: with
          // what older links brought on top, each broken connection would raise the number of messages in hand.
          if (!isLinkOpen(message)) await new Promise<never>(() => undefined);
        },
        processError,
      },
      {
        autoCompleteMessages: false,
        // The SDK has no prefetch; messages above the concurrency limit wait here, their locks renewed.
        maxConcurrentCalls: settings.maxConcurrentCalls + settings.prefetchCount,
      },
    );
    return () => subscription.close();
  };

  /** All messages of a batch share its fate, whatever autoCompleteMessages says. */
  const processBatch = async (
    from: ServiceBusReceiver,
    messages: readonly ServiceBusReceivedMessage[],
  ): Promise<void> => {
    const stopRenewing = renewLocks(from, messages);
    const action = await invoker.run(fn, batchEvent(messages, fn)).then(
      () => 'complete' as const,
      () => 'abandon' as const,
    );
    await Promise.all(messages.map((message) => settle(from, action, message)));
    stopRenewing();
  };

  /** What is there at once, or so much as has come within the wait where host.json asks for a minimum. */
  const receiveBatch = async (
    from: ServiceBusReceiver,
    abortSignal: AbortSignal,
  ): Promise<ServiceBusReceivedMessage[]> => {
    const { maxMessageBatchSize, minMessageBatchSize, maxBatchWaitMs } = settings;
    const messages = await from.receiveMessages(maxMessageBatchSize, { abortSignal });
    const end = Date.now() + maxBatchWaitMs;
    while (messages.length && messages.length < minMessageBatchSize && Date.now() < end) {
      const room = maxMessageBatchSize - messages.length;
      const more = await from.receiveMessages(room, { maxWaitTimeInMs: end - Date.now(), abortSignal });
      messages.push(...more);
    }
    return messages;
  };

  /** Batches are received one after another. */
  const receiveBatches = (from: ServiceBusReceiver): (() => Promise<void>) => {
    const abort = new AbortController();
    const loop = async (): Promise<void> => {
      while (!abort.signal.aborted) {
        try {
          const messages = await receiveBatch(from, abort.signal);
          if (messages.length) await processBatch(from, messages);
        } catch (error) {
          if (abort.signal.aborted) return;
          logError(error);
          await sleep(RECONNECT_DELAY_MS);
        }
      }
    };
    void track(loop());
    return async () => abort.abort();
  };

  const subscribeSessions = (): (() => Promise<void>) => {
    const { stop, done } = receiveSessions(
      client,
      fn.entity,
      settings,
      fn.many ? settings.maxMessageBatchSize : settings.maxConcurrentCallsPerSession,
      fn.many
        ? processBatch
        : async (from, messages) => {
            await Promise.all(messages.map((message) => processOne(from, message)));
          },
      logError,
    );
    void track(done.then(() => undefined));
    return async () => stop();
  };

  return {
    async start() {
      stopped = false;
      if (fn.sessions) {
        stopReceiving = subscribeSessions();
        return;
      }
      const options = {
        receiveMode: 'peekLock',
        skipParsingBodyAsJson: true,
        // See lock-renewal.ts.
        maxAutoLockRenewalDurationInMs: 0,
      } as const;
      const receiver =
        'queue' in fn.entity
          ? client.createReceiver(fn.entity.queue, options)
          : client.createReceiver(fn.entity.topic, fn.entity.subscription, options);
      stopReceiving = fn.many ? receiveBatches(receiver) : subscribe(receiver);
    },
    async stop() {
      stopped = true;
      await stopReceiving?.().catch(logError);
      stopReceiving = undefined;
    },
    async close() {
      await Promise.all(active);
      await client.close().catch(logError);
    },
    manual: {
      fn,
      event: (input) => ({
        input: fn.many
          ? { collectionString: { string: [input] } }
          : fn.binary
            ? { bytes: Buffer.from(input) }
            : { string: input },
        metadata: {},
        reason: BY_HAND,
      }),
    },
  };
}
