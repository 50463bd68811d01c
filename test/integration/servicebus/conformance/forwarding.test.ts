import type { ServiceBusClient, ServiceBusMessage } from '@azure/service-bus';
import { next } from '../endpoint';
import { rest, startNamespace, type Namespace } from './namespace';

let namespace: Namespace;
let client: ServiceBusClient;
beforeAll(async () => {
  namespace = await startNamespace('forwarding');
  ({ client } = namespace);
});
afterAll(() => namespace.stop());

async function send(queue: string, message: ServiceBusMessage): Promise<void> {
  const sender = client.createSender(queue);
  await sender.sendMessages(message);
  await sender.close();
}

test('along a chain of queues, with everything that was sent', async () => {
  const message = { body: { n: 1 }, messageId: 'm', subject: 'S', applicationProperties: { tenant: 't' } };
  await send('first', message);
  const receiver = client.createReceiver('end');
  const received = await next(receiver);
  expect(received).toMatchObject({ ...message, deliveryCount: 0 });
  await receiver.completeMessage(received);
  await receiver.close();
});

test('a scheduled message when it is due', async () => {
  const due = new Date(Date.now() + 500);
  await send('first', { body: 'later', scheduledEnqueueTimeUtc: due });
  const receiver = client.createReceiver('end');
  const received = await next(receiver);
  expect(received.body).toBe('later');
  expect(Date.now()).toBeGreaterThanOrEqual(Number(due));
  await receiver.completeMessage(received);
  await receiver.close();
});

test('from a queue to a topic, and from a subscription to a queue', async () => {
  await send('to-topic', { body: 'x' });
  const receivers = [client.createReceiver('fan-end'), client.createReceiver('fan', 'keeps')];
  for (const receiver of receivers) {
    expect(await rest(receiver)).toEqual(['x']);
    await receiver.close();
  }
});

test('dead letters to the queue that takes them, with their reason', async () => {
  await send('mortal', { body: 'bad' });
  const receiver = client.createReceiver('mortal');
  await receiver.abandonMessage(await next(receiver));
  const graveyard = client.createReceiver('graveyard');
  const dead = await next(graveyard);
  expect(dead).toMatchObject({
    body: 'bad',
    deadLetterReason: 'MaxDeliveryCountExceeded',
    deadLetterSource: 'mortal',
  });
  await graveyard.completeMessage(dead);
  const own = client.createReceiver('mortal', { subQueueType: 'deadLetter' });
  expect(await rest(own)).toEqual([]);
  await Promise.all([receiver.close(), graveyard.close(), own.close()]);
});

test('four times and no further: what goes in a circle is dead-lettered', async () => {
  await send('ping', { body: 'round' });
  const receiver = client.createReceiver('ping', { subQueueType: 'transferDeadLetter' });
  const dead = await next(receiver);
  expect(dead).toMatchObject({ body: 'round', deadLetterReason: 'MaxTransferHopCountExceeded' });
  await receiver.completeMessage(dead);
  await receiver.close();
});

test('what the target does not take is dead-lettered where it came from', async () => {
  await send('to-sessions', { body: 'no session' });
  const receiver = client.createReceiver('to-sessions', { subQueueType: 'transferDeadLetter' });
  const dead = await next(receiver);
  expect(dead.body).toBe('no session');
  expect(dead.deadLetterErrorDescription).toContain('SessionId was not set');
  await receiver.completeMessage(dead);
  await receiver.close();
});

test('nothing can be received from what forwards', async () => {
  const receiver = client.createReceiver('first');
  await expect(next(receiver)).rejects.toMatchObject({ retryable: false });
  await receiver.close();
});
