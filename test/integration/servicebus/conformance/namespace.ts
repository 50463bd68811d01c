/**
 * The namespace that the conformance checks run against: the stand-in on a free port or the one that
 * MEDRELAY_CONFORMANCE_SERVICEBUS names. Checks use the SDK alone.
 */
import {
  ServiceBusAdministrationClient,
  ServiceBusClient,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import Long from 'long';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEmulatorConfig, startServiceBus } from '../../../../local/servicebus';
import { isAzure, KEY, real, temporaryDirectory, type Queue, type Topic } from '../endpoint';
import { entities } from './entities';

/** For what only a stand-in can offer. */
export const localTest = real ? test.skip : test;
/** For what any emulator can offer, and a namespace of Azure cannot. */
export const emulatorTest = isAzure ? test.skip : test;
/** How long nothing must come for there to be nothing. */
const SILENCE_MS = isAzure ? 3000 : 100;

/** Until what was accepted is where it belongs. */
export const settled = async (): Promise<void> => {
  if (isAzure) await sleep(SILENCE_MS);
};

interface Counts {
  active: number;
  scheduled: number;
  deadLetter: number;
}

export interface Namespace {
  readonly connectionString: string;
  readonly client: ServiceBusClient;
  counts(queue: string): Promise<Counts>;
  stop(): Promise<void>;
}

export async function startNamespace(name: keyof typeof entities): Promise<Namespace> {
  const { queues, topics } = entities[name];
  if (real) {
    if (isAzure) await makeEntities(new ServiceBusAdministrationClient(real), queues, topics);
    const client = new ServiceBusClient(real);
    const counts = (queue: string): Promise<Counts> => peekedCounts(client, queue);
    return { connectionString: real, client, counts, stop: () => client.close() };
  }
  const directory = temporaryDirectory();
  const UserConfig = { Namespaces: [{ Name: 'test', Queues: queues, Topics: topics }] };
  const bus = await startServiceBus({
    port: 0,
    dataDir: directory.path,
    sharedAccessKey: KEY,
    config: parseEmulatorConfig({ UserConfig }),
  });
  void bus.failed.then(console.error);
  const client = new ServiceBusClient(bus.connectionString);
  return {
    connectionString: bus.connectionString,
    client,
    async counts(queue) {
      const counted = bus.counts()[queue];
      if (!counted) throw new Error(`There is no queue ${queue}.`);
      return counted;
    },
    async stop() {
      await client.close();
      await bus.stop();
      directory.remove();
    },
  };
}

async function peekedCounts(client: ServiceBusClient, queue: string): Promise<Counts> {
  const statesOf = async (options: object): Promise<string[]> => {
    const receiver = client.createReceiver(queue, options);
    const peeked = await receiver.peekMessages(1000, { fromSequenceNumber: Long.ONE });
    await receiver.close();
    return peeked.map(({ state }) => state);
  };
  const states = await statesOf({});
  const { length: deadLetter } = await statesOf({ subQueueType: 'deadLetter' });
  const scheduled = states.filter((state) => state === 'scheduled').length;
  return { active: states.length - scheduled, scheduled, deadLetter };
}

async function makeEntities(
  admin: ServiceBusAdministrationClient,
  queues: Queue[],
  topics: Topic[],
): Promise<void> {
  for (const { Name } of topics) if (await admin.topicExists(Name)) await admin.deleteTopic(Name);
  for (const { Name } of queues) if (await admin.queueExists(Name)) await admin.deleteQueue(Name);
  // What others forward to has to be there first.
  const forwards = ({ Properties = {} }: Queue): number =>
    'ForwardTo' in Properties || 'ForwardDeadLetteredMessagesTo' in Properties ? 1 : 0;
  for (const queue of [...queues].sort((a, b) => forwards(a) - forwards(b)))
    await admin.createQueue(queue.Name, options(queue));
  for (const topic of topics) {
    await admin.createTopic(topic.Name, options(topic));
    for (const each of topic.Subscriptions) {
      await admin.createSubscription(topic.Name, each.Name, options(each));
      for (const { Name, Properties } of each.Rules ?? []) {
        const {
          Properties: applicationProperties,
          Label: subject,
          CorrelationId,
        } = Properties.CorrelationFilter;
        const filter = { applicationProperties, subject, correlationId: CorrelationId };
        await admin.createRule(topic.Name, each.Name, Name, filter);
      }
      if (each.Rules) await admin.deleteRule(topic.Name, each.Name, '$Default');
    }
  }
}

/** The administration client has the same names, beginning with a small letter. */
const options = ({ Properties = {} }: Pick<Queue, 'Properties'>): object =>
  Object.fromEntries(
    Object.entries(Properties).map(([key, value]) => [key[0]?.toLowerCase() + key.slice(1), value]),
  );

/** Everything that is there now, and nothing follows. */
export async function rest(receiver: ServiceBusReceiver): Promise<unknown[]> {
  const bodies: unknown[] = [];
  for (;;) {
    const found = await receiver.receiveMessages(100, { maxWaitTimeInMs: SILENCE_MS });
    if (found.length === 0) return bodies;
    for (const message of found) {
      bodies.push(message.body);
      if (receiver.receiveMode === 'peekLock') await receiver.completeMessage(message);
    }
  }
}
