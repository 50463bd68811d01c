import { fork, spawn, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { create_container, message as amqp, type Connection, type EventContext } from 'rhea';
import { atLeast } from './bar';
import { perSecond, type Findings } from './section';
import { alternate, median } from './statistics';

/** At least this share of what rhea with an array reaches. */
const brokerBar = 0.5;

const QUEUE = 'bench';
const KEY = 'bench-key';
const BODY = Buffer.alloc(500, 'x');
const messages = 20_000;
const rounds = 5;
/** Messages a receiver holds at once. */
const CREDIT = 200;

interface Rates {
  readonly send: number[];
  readonly complete: number[];
}

interface BrokerResult {
  readonly broker: Rates;
  readonly bare: Rates;
  readonly sendRatio: number;
  readonly completeRatio: number;
}

/**
 * The durable Service Bus endpoint against rhea with an array, each in its own process, both driven by the same plain
 * rhea client: the official SDK costs more than either and would hide the difference.
 */
async function measureBroker(): Promise<BrokerResult> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-bench-broker-'));
  const children: ChildProcess[] = [];
  try {
    const broker = await startBroker(folder, children);
    const bare = await startBare(children);
    const rates = { broker: empty(), bare: empty() };
    // The first round warms both up.
    const round = (port: number, side: Rates, key?: string) => async (n: number) => {
      const found = await drive(port, messages, key);
      if (n < 0) return;
      side.send.push(found.send);
      side.complete.push(found.complete);
    };
    const [ours, theirs] = [round(broker, rates.broker, KEY), round(bare, rates.bare)];
    await ours(-1);
    await theirs(-1);
    await alternate(rounds, ours, theirs);
    return {
      ...rates,
      sendRatio: median(rates.broker.send) / median(rates.bare.send),
      completeRatio: median(rates.broker.complete) / median(rates.bare.complete),
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

export async function benchBroker(): Promise<Findings> {
  const result = await measureBroker();
  const { broker, bare, sendRatio, completeRatio } = result;
  return {
    rows: [
      { measure: 'broker, sends', found: perSecond(broker.send) },
      { measure: 'rhea with an array, sends', found: perSecond(bare.send) },
      { measure: 'broker, peek-lock and complete', found: perSecond(broker.complete) },
      { measure: 'rhea with an array, receive and settle', found: perSecond(bare.complete) },
    ],
    bars: [
      atLeast('broker, durable sends / rhea with an array', brokerBar, sendRatio),
      atLeast('broker, peek-lock and complete / rhea with an array', brokerBar, completeRatio),
    ],
    report: result,
  };
}

const empty = (): Rates => ({ send: [], complete: [] });

async function startBroker(folder: string, children: ChildProcess[]): Promise<number> {
  const config = join(folder, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({ UserConfig: { Namespaces: [{ Name: 'n', Queues: [{ Name: QUEUE }] }] } }),
  );
  const script = join(__dirname, '..', 'local', 'servicebus.js');
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      script,
      '--port',
      '0',
      '--config',
      config,
      '--data',
      folder,
      '--exit-with-parent',
    ],
    { env: { ...process.env, SERVICE_BUS_KEY: KEY }, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return (JSON.parse(line) as { port: number }).port;
}

async function startBare(children: ChildProcess[]): Promise<number> {
  const child = fork(__filename.replace(/[^/\\]+$/, 'bench.js'), ['bare-broker']);
  children.push(child);
  const [port] = (await once(child, 'message')) as [number];
  return port;
}

/**
 * Links stay open until the connection closes: rhea forgets the new link when a handle is used again at once.
 * Messages per second: sent and answered, then received under lock, completed and answered.
 */
async function drive(port: number, count: number, key?: string): Promise<{ send: number; complete: number }> {
  const container = create_container();
  const options = {
    host: '127.0.0.1',
    port,
    reconnect: false,
    tcp_no_delay: true,
    session_buffer_size: 8192,
  };
  const connection = container.connect(options);
  await opened(connection, 'connection_open');
  if (key !== undefined) await authorize(connection, port, key);
  const send = await timed(count, () => sendAll(connection, count));
  const complete = await timed(count, () => completeAll(connection, count));
  connection.close();
  await opened(connection, 'connection_close');
  return { send, complete };
}

const opened = (connection: Connection, event: string): Promise<unknown> =>
  new Promise((resolve) => void connection.once(event, resolve));

async function timed(count: number, work: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return count / (Number(process.hrtime.bigint() - start) / 1e9);
}

async function authorize(connection: Connection, port: number, key: string): Promise<void> {
  const audience = `sb://127.0.0.1:${port}/${QUEUE}`;
  const [resource, expiry] = [encodeURIComponent(audience), Math.floor(Date.now() / 1000) + 3600];
  const signature = createHmac('sha256', key).update(`${resource}\n${expiry}`).digest('base64');
  const token =
    `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}` +
    '&skn=RootManageSharedAccessKey';
  const receiver = connection.open_receiver({ source: '$cbs', name: 'cbs-reply' });
  const sender = connection.open_sender('$cbs');
  const answered = new Promise((resolve) => void receiver.once('message', resolve));
  sender.once('sendable', () => {
    sender.send({
      message_id: 'put-token',
      reply_to: 'cbs-reply',
      application_properties: {
        operation: 'put-token',
        type: 'servicebus.windows.net:sastoken',
        name: audience,
      },
      body: token,
    });
  });
  await answered;
}

function sendAll(connection: Connection, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let [sent, accepted] = [0, 0];
    const sender = connection.open_sender(QUEUE);
    sender.on('sendable', () => {
      for (; sent < count && sender.sendable(); sent++)
        sender.send({ message_id: String(sent), body: amqp.data_section(BODY) });
    });
    sender.on('accepted', () => {
      if (++accepted === count) resolve();
    });
    sender.on('rejected', ({ delivery }: EventContext) => reject(new Error(String(delivery?.remote_state))));
    sender.on('sender_error', () => reject(new Error(String(sender.error))));
  });
}

function completeAll(connection: Connection, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let [received, settled] = [0, 0];
    const receiver = connection.open_receiver({
      source: QUEUE,
      credit_window: 0,
      autoaccept: false,
      snd_settle_mode: 0,
      rcv_settle_mode: 1,
    });
    const accepted = (amqp as unknown as { accepted(): { described(): unknown } }).accepted().described();
    receiver.on('message', ({ delivery }: EventContext) => {
      received++;
      (delivery as unknown as { update(settled: boolean, state: unknown): void }).update(false, accepted);
      if (received % (CREDIT / 2) === 0) receiver.add_credit(CREDIT / 2);
    });
    receiver.on('settled', () => {
      if (++settled === count) resolve();
    });
    receiver.on('receiver_error', () => reject(new Error(String(receiver.error))));
    // Not before the answer: a server on rhea writes transfers before the attach that they belong to.
    receiver.once('receiver_open', () => receiver.add_credit(CREDIT));
  });
}
