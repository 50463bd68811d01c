import {
  isServiceBusError,
  type ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusSessionReceiver,
} from '@azure/service-bus';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceBusSettings } from '../host-json';

/** .NET's `TryTimeout`, which is also how long it waits for a session's next message by default. */
const IDLE_MS = 60_000;
const RECONNECT_DELAY_MS = 1_000;

/**
 * Reads sessions, several at a time and each in its order: a reader takes the next session that has messages, works on
 * it until nothing more comes for the idle time, then lets go of it.
 */
export function receiveSessions(
  client: ServiceBusClient,
  entity: { queue: string } | { topic: string; subscription: string },
  settings: ServiceBusSettings,
  /** Messages at a time: one call's worth, or a batch. */
  atOnce: number,
  work: (from: ServiceBusSessionReceiver, messages: readonly ServiceBusReceivedMessage[]) => Promise<void>,
  logError: (error: unknown) => void,
): { stop(): void; done: Promise<unknown> } {
  const abort = new AbortController();
  const { signal } = abort;
  const options = {
    skipParsingBodyAsJson: true,
    maxAutoLockRenewalDurationInMs: settings.maxAutoLockRenewalMs,
    abortSignal: signal,
  };
  const accept = (): Promise<ServiceBusSessionReceiver> =>
    'queue' in entity
      ? client.acceptNextSession(entity.queue, options)
      : client.acceptNextSession(entity.topic, entity.subscription, options);

  const serve = async (session: ServiceBusSessionReceiver): Promise<void> => {
    try {
      while (!signal.aborted) {
        const messages = await session.receiveMessages(atOnce, {
          maxWaitTimeInMs: settings.sessionIdleTimeoutMs ?? IDLE_MS,
          abortSignal: signal,
        });
        if (!messages.length) return;
        await work(session, messages);
      }
    } finally {
      await session.close().catch(() => undefined);
    }
  };

  const reader = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await serve(await accept());
      } catch (error) {
        if (signal.aborted) return;
        // No session had a message within the wait: the usual state of an idle queue.
        if (isServiceBusError(error) && error.code === 'ServiceTimeout') continue;
        logError(error);
        await sleep(RECONNECT_DELAY_MS);
      }
    }
  };
  const readers = Array.from({ length: settings.maxConcurrentSessions }, reader);
  return { stop: () => abort.abort(), done: Promise.all(readers) };
}
