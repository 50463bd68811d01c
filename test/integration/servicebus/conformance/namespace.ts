/**
 * The namespace that the conformance checks run against: the stand-in on a free port or, where
 * MEDRELAY_CONFORMANCE_SERVICEBUS holds a connection string with the right to manage, a real one (Standard tier), whose
 * entities are made anew. Checks use the SDK alone.
 */
import {
  ServiceBusAdministrationClient,
  ServiceBusClient,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEmulatorConfig, startServiceBus } from '../../../../local/servicebus';
import { KEY, temporaryDirectory } from '../endpoint';

const real = process.env['MEDRELAY_CONFORMANCE_SERVICEBUS'];

/** For what only a stand-in can offer. */
export const localTest = real ? test.skip : test;
/** The service allows no shorter lock than five seconds. */
export const LOCK_SECONDS = real ? 5 : 1;
/** How long nothing must come for there to be nothing. */
const SILENCE_MS = real ? 3000 : 100;

/** Until what was accepted is where it belongs. */
export const settled = async (): Promise<void> => {
  if (real) await sleep(SILENCE_MS);
};

export interface Queue {
  Name: string;
  Properties?: Record<string, string | number | boolean>;
}
export interface Topic {
  Name: string;
  Properties?: Record<string, string | number | boolean>;
  Subscriptions: Queue[];
}

export interface Namespace {
  readonly connectionString: string;
  readonly client: ServiceBusClient;
  stop(): Promise<void>;
}

export async function startNamespace(queues: Queue[], topics: Topic[] = []): Promise<Namespace> {
  if (real) {
    await makeEntities(new ServiceBusAdministrationClient(real), queues, topics);
    const client = new ServiceBusClient(real);
    return { connectionString: real, client, stop: () => client.close() };
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
    async stop() {
      await client.close();
      await bus.stop();
      directory.remove();
    },
  };
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
    for (const each of topic.Subscriptions)
      await admin.createSubscription(topic.Name, each.Name, options(each));
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
