import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';

type Renewing = Pick<ServiceBusReceiver, 'renewMessageLock'>;

const MIN_PAUSE_MS = 500;

/**
 * Renews the lock of a message until told to stop. The SDK's own renewal (7.9.5) finds its timers by the name of the
 * link: after a broken connection that is another one, and everything received before stays in memory for good.
 */
export function renewLock(receiver: Renewing, message: ServiceBusReceivedMessage, maxMs: number): () => void {
  const end = Date.now() + maxMs;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const plan = (): void => {
    const until = message.lockedUntilUtc?.getTime() ?? 0;
    const left = until - Date.now();
    // A lost lock cannot be renewed, and one that outlasts the time allowed need not be.
    if (isStopped || left <= 0 || until >= end) return;
    // Half of what is left leaves room for further tries.
    timer = setTimeout(renew, Math.max(left / 2, MIN_PAUSE_MS));
  };
  const renew = (): void => void receiver.renewMessageLock(message).then(plan, plan);

  plan();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
