import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';

export const KEY = 'local-test-key';

/**
 * A connection string with the right to manage: a namespace of Azure (Standard tier), whose entities are made anew, or an
 * emulator, which was configured with them.
 */
export const real = process.env['MEDRELAY_CONFORMANCE_SERVICEBUS'];
export const isAzure = real !== undefined && !/UseDevelopmentEmulator=true/i.test(real);
/** The service allows no shorter lock than five seconds. */
export const LOCK_SECONDS = isAzure ? 5 : 1;

export interface Queue {
  Name: string;
  Properties?: Record<string, string | number | boolean>;
  Rules?: Rule[];
}
interface Rule {
  Name: string;
  Properties: {
    FilterType: 'Correlation';
    CorrelationFilter: { Properties?: Record<string, string>; Label?: string; CorrelationId?: string };
  };
}
export interface Topic {
  Name: string;
  Properties?: Record<string, string | number | boolean>;
  Subscriptions: Queue[];
}

export const emulatorConfig = {
  UserConfig: {
    Namespaces: [
      {
        Name: 'test',
        Queues: [
          ...queues('plain', 45),
          ...queues('short-lock', 5, { LockDuration: `PT${LOCK_SECONDS}S` }),
          ...queues('three-tries', 5, { MaxDeliveryCount: 3 }),
          ...queues('unique', 1, { RequiresDuplicateDetection: true }),
          ...queues('unique-briefly', 1, {
            RequiresDuplicateDetection: true,
            DuplicateDetectionHistoryTimeWindow: isAzure ? 'PT20S' : 'PT0.2S',
          }),
          ...queues('expiring', 1, { DeadLetteringOnMessageExpiration: true }),
          ...queues('vanishing', 1, { DefaultMessageTimeToLive: isAzure ? 'PT1S' : 'PT0.1S' }),
          // Such small messages are the stand-in's alone.
          ...(isAzure ? [] : queues('tiny', 1, { MaxMessageSizeInKilobytes: 2 })),
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

function correlation(name: string, filter: Rule['Properties']['CorrelationFilter']): Rule {
  return { Name: name, Properties: { FilterType: 'Correlation', CorrelationFilter: filter } };
}

/** Several of a kind, so that every test has a queue of its own. */
function queues(kind: string, count: number, properties: Queue['Properties'] = {}): Queue[] {
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
