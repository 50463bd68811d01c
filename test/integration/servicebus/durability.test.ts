import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceBusClient } from '@azure/service-bus';
import Long from 'long';
import { isEmpty, next, temporaryDirectory, until } from './endpoint';
import { buildMain, bundleDirectory, ended, spawnMain, startMain, type Running } from './process';

beforeAll(buildMain);
afterAll(() => rmSync(bundleDirectory, { recursive: true, force: true }));

async function withData(act: (data: string, started: Running[]) => Promise<void>): Promise<void> {
  const directory = temporaryDirectory();
  const started: Running[] = [];
  try {
    await act(directory.path, started);
  } finally {
    await Promise.all(started.map((one) => one.kill()));
    directory.remove();
  }
}

// What was under way when the process died is answered by nobody; the SDK gives it up after this time.
const retryOptions = { timeoutInMs: 1000, retryDelayInMs: 50, maxRetryDelayInMs: 200, maxRetries: 1000 };
const quick = { maxAutoLockRenewalDurationInMs: 0 };

describe('SIGKILL', () => {
  test('between send and receive: everything is as it was, locks are gone, numbers go on', () =>
    withData(async (data, started) => {
      const first = await startMain(data);
      started.push(first);
      const client = new ServiceBusClient(first.connectionString, { retryOptions });
      const sender = client.createSender('plain-0');
      const receiver = client.createReceiver('plain-0', quick);
      await sender.sendMessages(['locked', 'abandoned', 'dead', 'deferred'].map((body) => ({ body })));
      const due = new Date(Date.now() + 1500);
      await sender.scheduleMessages([{ body: 'scheduled' }], due);
      const [, abandoned, dead, deferred] = await receiver.receiveMessages(4);
      if (!abandoned || !dead || !deferred) throw new Error('not all arrived');
      await receiver.abandonMessage(abandoned, { tried: 1 });
      await receiver.deadLetterMessage(dead, { deadLetterReason: 'R', deadLetterErrorDescription: 'D' });
      await receiver.deferMessage(deferred);
      await client.close();
      await first.kill();

      const second = await startMain(data);
      started.push(second);
      const again = new ServiceBusClient(second.connectionString, { retryOptions });
      const survivors = again.createReceiver('plain-0', quick);
      const deadLetters = again.createReceiver('plain-0', { subQueueType: 'deadLetter', ...quick });
      const got = [await next(survivors), await next(survivors), await next(survivors)];
      expect(got.map(({ body, deliveryCount }) => [body, deliveryCount])).toEqual([
        ['locked', 0],
        ['abandoned', 1],
        ['scheduled', 0],
      ]);
      expect(got[1]?.applicationProperties).toEqual({ tried: 1 });
      expect(Number(got[2]?.enqueuedTimeUtc)).toBeGreaterThanOrEqual(Number(due));
      expect(got.map(({ sequenceNumber }) => Number(sequenceNumber))).toEqual([1, 2, 6]);
      expect(await next(deadLetters)).toMatchObject({ body: 'dead', deadLetterReason: 'R' });
      const [found] = await survivors.receiveDeferredMessages(deferred.sequenceNumber ?? Long.ZERO);
      expect(found).toMatchObject({ body: 'deferred', deliveryCount: 1 });
      await again.close();
    }));

  test('sessions, their state, rules and what was forwarded are as they were', () =>
    withData(async (data, started) => {
      const first = await startMain(data);
      started.push(first);
      const client = new ServiceBusClient(first.connectionString, { retryOptions });
      await client.createSender('sessions-0').sendMessages({ body: 'mine', sessionId: 's' });
      const session = await client.acceptSession('sessions-0', 's', quick);
      await session.setSessionState({ step: 1 });
      await next(session);
      const rules = client.createRuleManager('events', 'everything');
      await rules.deleteRule('$Default');
      await rules.createRule(
        'green',
        { sqlExpression: "colour = 'green'" },
        { sqlExpression: 'SET seen = 1' },
      );
      await client.createSender('forwards-0').sendMessages({ body: 'onward' });
      await first.kill();
      await client.close();

      const second = await startMain(data);
      started.push(second);
      const again = new ServiceBusClient(second.connectionString, { retryOptions });
      const resumed = await again.acceptNextSession('sessions-0', quick);
      expect(await resumed.getSessionState()).toEqual({ step: 1 });
      expect(await next(resumed)).toMatchObject({ body: 'mine', deliveryCount: 0 });
      expect((await next(again.createReceiver('plain-2'))).body).toBe('onward');
      const publisher = again.createSender('events');
      for (const colour of ['red', 'green'])
        await publisher.sendMessages({ body: colour, applicationProperties: { colour } });
      const survivor = await next(again.createReceiver('events', 'everything'));
      expect(survivor.applicationProperties).toEqual({ colour: 'green', seen: 1 });
      await again.close();
    }));

  test('in the middle of sends and receives: nothing acknowledged is lost, nothing completed comes back', () =>
    withData(async (data, started) => {
      let running = await startMain(data);
      started.push(running);
      const { port, connectionString } = running;
      const receiving = new ServiceBusClient(connectionString, { retryOptions });
      // A retry inside the SDK would send the same message twice when only the answer was lost.
      const sending = new ServiceBusClient(connectionString, {
        retryOptions: { ...retryOptions, maxRetries: 0 },
      });
      const acknowledged = new Set<string>();
      const seen = new Set<string>();
      const completed = new Set<string>();
      const cameBack: string[] = [];
      let stopped = false;

      const producers = [0, 1, 2, 3].map(async (producer) => {
        const sender = sending.createSender('short-lock-0');
        for (let attempt = 0; !stopped; attempt++) {
          const messageId = `${producer}-${attempt}`;
          await sender.sendMessages({ body: 'x', messageId }).then(
            () => acknowledged.add(messageId),
            () => sleep(50),
          );
        }
      });
      const receiver = receiving.createReceiver('short-lock-0');
      receiver.subscribe(
        {
          processMessage: async (message) => {
            const id = String(message.messageId);
            if (completed.has(id)) cameBack.push(id);
            seen.add(id);
            await receiver.completeMessage(message).then(
              () => completed.add(id),
              () => undefined,
            );
          },
          processError: async () => undefined,
        },
        { autoCompleteMessages: false, maxConcurrentCalls: 8 },
      );
      for (let round = 1; round <= 3; round++) {
        const goal = completed.size + 100;
        await until(() => completed.size >= goal);
        await running.kill();
        running = await startMain(data, port);
        started.push(running);
      }
      stopped = true;
      await Promise.all(producers);
      await until(() => [...acknowledged].every((id) => seen.has(id)));
      expect(cameBack).toEqual([]);
      await Promise.all([sending.close(), receiving.close()]);
    }));
});

/** A refused connection is final for the SDK, so a sender tries again by itself, as an application must. */
async function untilSent(send: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await send();
    } catch {
      await sleep(50);
    }
  }
}

describe('the process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it cleanly and keeps the messages', (signal) =>
    withData(async (data, started) => {
      const running = await startMain(data);
      started.push(running);
      const client = new ServiceBusClient(running.connectionString);
      await client.createSender('plain-0').sendMessages({ body: signal });
      const end = ended(running.child);
      running.child.kill(signal);
      expect(await end).toMatchObject({ code: 0, signal: null });
      await client.close();
      const second = await startMain(data);
      started.push(second);
      const again = new ServiceBusClient(second.connectionString);
      expect((await next(again.createReceiver('plain-0'))).body).toBe(signal);
      await again.close();
    }),
  );

  test('it ends with its parent when asked to', () =>
    withData(async (data, started) => {
      const running = await startMain(data, 0, '--exit-with-parent');
      started.push(running);
      const end = ended(running.child);
      running.child.stdin?.end();
      expect((await end).code).toBe(0);
    }));

  test('and does not otherwise', () =>
    withData(async (data, started) => {
      const running = await startMain(data);
      started.push(running);
      running.child.stdin?.end();
      const client = new ServiceBusClient(running.connectionString);
      await client.createSender('plain-0').sendMessages({ body: 1 });
      expect(await isEmpty(client.createReceiver('plain-1'))).toBe(true);
      expect(running.child.exitCode).toBeNull();
      await client.close();
    }));

  const oneSentence = (text: string): object => ({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(text) as string,
  });

  test('a port in use is one sentence', () =>
    withData(async (data) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const address = other.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const result = await ended(spawnMain(data, port));
      other.close();
      expect(result).toMatchObject(oneSentence(`Port ${port} on 127.0.0.1 is in use`));
      expect(result.stderr.trim().split('\n')).toHaveLength(1);
    }));

  test('a damaged database is one sentence', () =>
    withData(async (data) => {
      writeFileSync(join(data, 'servicebus.db'), Buffer.alloc(8192, 'damaged'));
      const result = await ended(spawnMain(data, 0));
      expect(result).toMatchObject(oneSentence('it cannot be used (file is not a database)'));
      expect(result.stderr.trim().split('\n')).toHaveLength(1);
    }));

  test('a second process on the same data is one sentence', () =>
    withData(async (data, started) => {
      started.push(await startMain(data));
      const result = await ended(spawnMain(data, 0));
      expect(result).toMatchObject(oneSentence('another process has it open'));
      expect(result.stderr.trim().split('\n')).toHaveLength(1);
    }));
});

test('clients recover by themselves when the endpoint comes back on its port', () =>
  withData(async (data, started) => {
    const first = await startMain(data);
    started.push(first);
    const client = new ServiceBusClient(first.connectionString, { retryOptions });
    const sender = client.createSender('plain-0');
    const received: unknown[] = [];
    client.createReceiver('plain-0').subscribe({
      processMessage: async ({ body }) => void received.push(body),
      processError: async () => undefined,
    });
    await sender.sendMessages({ body: 'before' });
    await until(() => received.length === 1);
    const end = ended(first.child);
    first.child.kill('SIGTERM');
    expect((await end).code).toBe(0);
    started.push(await startMain(data, first.port));
    await untilSent(() => sender.sendMessages({ body: 'after' }));
    await until(() => received.includes('after'));
    // At least once: whose completion met the end of the endpoint comes again.
    expect([...new Set(received)]).toEqual(['before', 'after']);
    await client.close();
  }));
