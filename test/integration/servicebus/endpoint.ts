import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';

export const KEY = 'local-test-key';

export const emulatorConfig = {
  UserConfig: {
    Namespaces: [
      {
        Name: 'test',
        Queues: [
          ...queues('plain', 45),
          ...queues('short-lock', 5, { LockDuration: 'PT1S' }),
          ...queues('three-tries', 5, { MaxDeliveryCount: 3 }),
          ...queues('unique', 1, { RequiresDuplicateDetection: true }),
          ...queues('unique-briefly', 1, {
            RequiresDuplicateDetection: true,
            DuplicateDetectionHistoryTimeWindow: 'PT0.2S',
          }),
          ...queues('expiring', 1, { DeadLetteringOnMessageExpiration: true }),
          ...queues('vanishing', 1, { DefaultMessageTimeToLive: 'PT0.1S' }),
          ...queues('tiny', 1, { MaxMessageSizeInKilobytes: 2 }),
          ...queues('sessions', 1, { RequiresSession: true }),
          ...queues('forwards', 1, { ForwardTo: 'plain-2' }),
        ],
        Topics: [
          {
            Name: 'events',
            Subscriptions: [
              { Name: 'everything' },
              { Name: 'red', Rules: [correlation('red', { Properties: { colour: 'red' } })] },
              {
                Name: 'labelled',
                Rules: [
                  correlation('a', { Label: 'A', CorrelationId: '7' }),
                  correlation('b', { Label: 'B' }),
                ],
                Properties: { MaxDeliveryCount: 1 },
              },
            ],
          },
        ],
      },
    ],
  },
};

function correlation(name: string, filter: object): object {
  return { Name: name, Properties: { FilterType: 'Correlation', CorrelationFilter: filter } };
}

/** Several of a kind, so that every test has a queue of its own. */
function queues(kind: string, count: number, properties: object = {}): object[] {
  return Array.from({ length: count }, (_, i) => ({ Name: `${kind}-${i}`, Properties: properties }));
}

export function temporaryDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'servicebus-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The next message, however long the broker takes to offer it (bounded by the test's own time limit). */
export async function next(
  receiver: ServiceBusReceiver,
  maxWaitTimeInMs = 20_000,
): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs });
  if (!message) throw new Error('no message arrived');
  return message;
}

/** Nothing is available now: asking drains the credit, so the answer does not depend on how long one waits. */
export async function isEmpty(receiver: ServiceBusReceiver): Promise<boolean> {
  return (await receiver.receiveMessages(1, { maxWaitTimeInMs: 100 })).length === 0;
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}
