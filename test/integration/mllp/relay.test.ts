import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { startRelay, type Relay, type RelayOptions } from '../../../src/lib/mllp';
import { FrameDecoder } from '../../../src/lib/mllp/frames';
import { selfSigned } from './certificate';

/** A broker whose answers the test gives. */
class Broker {
  readonly received: string[] = [];
  readonly waiting: { text: string; answer: (status: number, ack: string) => void }[] = [];
  isManual = false;
  async receive(bytes: Uint8Array) {
    const text = Buffer.from(bytes).toString();
    this.received.push(text);
    if (!this.isManual) return { status: 200, ack: `ack ${text}` };
    return new Promise<{ status: number; ack: string }>((resolve) =>
      this.waiting.push({ text, answer: (status, ack) => resolve({ status, ack }) }),
    );
  }
  enqueue = async () => undefined;
  refuse = (_bytes: Uint8Array, code: string) => code;
}

const open: { relays: Relay[]; sockets: Socket[] } = { relays: [], sockets: [] };
afterEach(async () => {
  open.sockets.splice(0).forEach((socket) => socket.destroy());
  await Promise.all(open.relays.splice(0).map((relay) => relay.stop()));
});

async function start(broker: Broker, options: Partial<RelayOptions> = {}) {
  const log: string[] = [];
  const relay = await startRelay(
    { host: '127.0.0.1', port: 0, maxConnections: 10, ...options },
    broker,
    (line) => log.push(line),
  );
  open.relays.push(relay);
  return { relay, log };
}

/** A sender that remembers its answers. */
async function sender(port: number, tls?: { ca: string }) {
  const socket = tls
    ? connectTls({ port, host: '127.0.0.1', servername: 'localhost', ...tls })
    : connect({ port, host: '127.0.0.1' });
  open.sockets.push(socket);
  const decoder = new FrameDecoder(1_000_000);
  const answers: string[] = [];
  socket.on('data', (chunk) => {
    for (const event of decoder.push(chunk))
      if (event.kind === 'frame') answers.push(Buffer.from(event.bytes).toString());
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, tls ? 'secureConnect' : 'connect');
  return {
    socket,
    answers,
    closed,
    send: (...messages: string[]) => socket.write(messages.map((text) => `\x0b${text}\x1c\r`).join('')),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

test('every message is answered, in order, over several connections', async () => {
  const broker = new Broker();
  const { relay } = await start(broker);
  const senders = await Promise.all([1, 2, 3].map(() => sender(relay.port)));
  const texts = (i: number) => Array.from({ length: 50 }, (_, n) => `m${i}-${n}`);
  senders.forEach(({ send }, i) => send(...texts(i)));
  await until(() => senders.every(({ answers }) => answers.length === 50));
  senders.forEach(({ answers }, i) => expect(answers).toEqual(texts(i).map((text) => `ack ${text}`)));
  expect(relay.counts).toEqual({ connections: 3, queued: 150, refused: 0, notTaken: 0 });
});

test('no answer before the broker has the message, and nothing further is taken meanwhile', async () => {
  const broker = new Broker();
  broker.isManual = true;
  const { relay } = await start(broker);
  const { answers, send } = await sender(relay.port);
  send('a', 'b');
  await until(() => broker.waiting.length === 1);
  expect([answers, broker.received]).toEqual([[], ['a']]);
  broker.waiting[0]?.answer(200, 'AA a');
  await until(() => broker.waiting.length === 2);
  broker.waiting[1]?.answer(503, 'AE b');
  await until(() => answers.length === 2);
  expect(answers).toEqual(['AA a', 'AE b']);
  // The connection outlives the failure.
  send('b');
  await until(() => broker.waiting.length === 3);
  broker.waiting[2]?.answer(200, 'AA b');
  await until(() => answers.length === 3);
});

test('a sender that does not wait is held back by TCP', async () => {
  const broker = new Broker();
  broker.isManual = true;
  const { relay } = await start(broker);
  const { socket } = await sender(relay.port);
  const message = `\x0b${'x'.repeat(1_000_000)}\x1c\r`;
  let written = 0;
  while (written < 200 && socket.write(message)) written++;
  for (let i = 0; i < 60; i++) socket.write(message);
  await until(() => broker.waiting.length === 1);
  // 60 MB are offered; what the kernel's buffers and one read hold is all that left the sender.
  await delay(100);
  expect(broker.received).toHaveLength(1);
  expect(socket.writableLength).toBeGreaterThan(30_000_000);
  socket.destroy();
  broker.isManual = false;
  broker.waiting[0]?.answer(200, 'AA');
});

test('a sender may close its side behind its last message', async () => {
  const { relay } = await start(new Broker());
  const { socket, answers, closed } = await sender(relay.port);
  socket.end('\x0blast\x1c\r');
  await closed;
  expect(answers).toEqual(['ack last']);
});

test('a sender that wants no answer gets none', async () => {
  const broker = new Broker();
  broker.isManual = true;
  const { relay } = await start(broker);
  const { answers, send } = await sender(relay.port);
  send('quiet', 'loud');
  await until(() => broker.waiting.length === 1);
  broker.waiting[0]?.answer(204, '');
  await until(() => broker.waiting.length === 2);
  broker.waiting[1]?.answer(200, 'AA');
  await until(() => answers.length === 1);
  expect(answers).toEqual(['AA']);
});

test('a frame above the limit is refused and the next one is taken', async () => {
  const { relay } = await start(new Broker(), { maxFrameBytes: 1000 });
  const { answers, send } = await sender(relay.port);
  send('x'.repeat(5000), 'small');
  await until(() => answers.length === 2);
  expect(answers).toEqual(['TOO_LARGE', 'ack small']);
  expect(relay.counts).toMatchObject({ queued: 1, refused: 1 });
});

test('who does not speak MLLP is shown the door', async () => {
  const { relay, log } = await start(new Broker());
  const { socket, closed } = await sender(relay.port);
  socket.write(`GET / HTTP/1.1\r\nCookie: ${'x'.repeat(300)}\r\n\r\n`);
  await closed;
  expect(log.join()).toContain('not MLLP');
});

test('connections beyond the limit are refused, and one that ended makes room', async () => {
  const { relay, log } = await start(new Broker(), { maxConnections: 1 });
  const first = await sender(relay.port);
  const second = await sender(relay.port);
  await second.closed;
  expect(log.join()).toContain('1 are open already');
  first.socket.end();
  await first.closed;
  const third = await sender(relay.port);
  third.send('a');
  await until(() => third.answers.length === 1);
});

test('idle connections and stalled frames are closed, busy ones are not', async () => {
  const broker = new Broker();
  broker.isManual = true;
  const { relay, log } = await start(broker, { idleMilliseconds: 50, stalledMilliseconds: 60 });
  const [idle, stalled, busy] = await Promise.all([
    sender(relay.port),
    sender(relay.port),
    sender(relay.port),
  ]);
  stalled?.socket.write('\x0bMSH|');
  busy?.send('a');
  await Promise.all([idle?.closed, stalled?.closed]);
  expect(log.join()).toMatch(/closed: idle/);
  expect(log.join()).toMatch(/inside a frame/);
  await delay(100);
  broker.waiting[0]?.answer(200, 'AA');
  await until(() => busy?.answers.length === 1);
});

test('a stop answers what is under way, ends idle connections and takes nothing new', async () => {
  const broker = new Broker();
  broker.isManual = true;
  const { relay } = await start(broker);
  const [busy, idle] = await Promise.all([sender(relay.port), sender(relay.port)]);
  busy?.send('a', 'b');
  await until(() => broker.waiting.length === 1);
  const stopped = relay.stop();
  await idle?.closed;
  broker.waiting[0]?.answer(200, 'AA a');
  await stopped;
  await busy?.closed;
  expect([busy?.answers, broker.received]).toEqual([['AA a'], ['a']]);
  const late = connect({ port: relay.port, host: '127.0.0.1' });
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
});

test('TLS, with a certificate of its own; plain bytes on it fail and harm nobody', async () => {
  const { cert, key } = selfSigned();
  const { relay, log } = await start(new Broker(), { tls: { cert, key } });
  const plain = await sender(relay.port);
  plain.send('plain');
  await plain.closed;
  expect(plain.answers).toEqual([]);
  const secure = await sender(relay.port, { ca: cert });
  secure.send('a');
  await until(() => secure.answers.length === 1);
  expect(secure.answers).toEqual(['ack a']);
  expect(log.join()).toContain('TLS handshake failed');
});

test('a port in use is told', async () => {
  const { relay } = await start(new Broker());
  await expect(start(new Broker(), { port: relay.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
