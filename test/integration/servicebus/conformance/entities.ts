/**
 * The entities of each file of checks, in the terms of the emulator's configuration: made in a namespace of Azure, and what
 * an emulator has to be configured with.
 */
import { emulatorConfig, LOCK_SECONDS, real, type Queue, type Topic } from '../endpoint';

const RequiresSession = true;
const session = { RequiresSession, LockDuration: `PT${LOCK_SECONDS}S`, MaxDeliveryCount: 3 };
export const SESSION_QUEUES = 24;

const [namespace] = emulatorConfig.UserConfig.Namespaces;

export const entities: Record<
  'messages' | 'faults' | 'forwarding' | 'limits' | 'rules' | 'sessions',
  { queues: Queue[]; topics: Topic[] }
> = {
  messages: { queues: namespace?.Queues ?? [], topics: namespace?.Topics ?? [] },
  faults: {
    queues: [
      { Name: 'faulty', Properties: { LockDuration: 'PT5M' } },
      { Name: 'sound' },
      { Name: 'faulty-sessions', Properties: { RequiresSession } },
    ],
    topics: [],
  },
  forwarding: {
    queues: [
      { Name: 'end' },
      { Name: 'first', Properties: { ForwardTo: 'second' } },
      { Name: 'second', Properties: { ForwardTo: 'end' } },
      { Name: 'to-topic', Properties: { ForwardTo: 'fan' } },
      { Name: 'fan-end' },
      { Name: 'graveyard' },
      { Name: 'mortal', Properties: { ForwardDeadLetteredMessagesTo: 'graveyard', MaxDeliveryCount: 1 } },
      { Name: 'ping', Properties: { ForwardTo: 'pong' } },
      { Name: 'pong', Properties: { ForwardTo: 'ping' } },
      { Name: 'with-sessions', Properties: { RequiresSession } },
      { Name: 'to-sessions', Properties: { ForwardTo: 'with-sessions' } },
    ],
    topics: [
      {
        Name: 'fan',
        Subscriptions: [{ Name: 'forwards', Properties: { ForwardTo: 'fan-end' } }, { Name: 'keeps' }],
      },
    ],
  },
  limits: {
    queues: [
      { Name: 'plain' },
      { Name: 'disabled', Properties: { Status: 'Disabled' } },
      { Name: 'no-sending', Properties: { Status: 'SendDisabled' } },
      { Name: 'no-receiving', Properties: { Status: 'ReceiveDisabled' } },
      // The service's smallest quota is a gigabyte.
      ...(real ? [] : [{ Name: 'small', Properties: { MaxSizeInMegabytes: 1 } }]),
    ],
    topics: real
      ? []
      : [
          {
            Name: 'small-topic',
            Properties: { MaxSizeInMegabytes: 1 },
            Subscriptions: [{ Name: 'one' }, { Name: 'two' }],
          },
        ],
  },
  rules: {
    queues: [],
    topics: [
      { Name: 'ruled', Subscriptions: [{ Name: 'subject' }] },
      { Name: 'managed', Subscriptions: [{ Name: 'fresh' }] },
    ],
  },
  sessions: {
    queues: [
      ...Array.from({ length: SESSION_QUEUES }, (_, i) => ({ Name: `session-${i}`, Properties: session })),
      { Name: 'no-sessions' },
    ],
    topics: [{ Name: 'session-topic', Subscriptions: [{ Name: 'by-session', Properties: session }] }],
  },
};
