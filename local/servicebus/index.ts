/** A Service Bus endpoint for one machine: the unchanged @azure/service-bus talks to it over plain TCP. */
import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { Connection, ConnectionOptions } from 'rhea';
import type { BusIdentities } from './access';
import { Broker } from './broker';
import type { EmulatorConfig } from './config';
import { controlServer } from './control';
import { noFaults, type Faults } from './faults';
import { Front } from './front';
import { Namespace, type Counts } from './namespace';
import { Store } from './store';
import { listenTls, type TlsListener, type TlsOptions } from './tls-listener';
import { Turn } from './turn';

export { parseEmulatorConfig, type EmulatorConfig } from './config';

export interface ServiceBusOptions {
  /** 0 takes a free port. */
  port: number;
  host?: string;
  dataDir: string;
  config: EmulatorConfig;
  sharedAccessKey: string;
  keyName?: string;
  /** Who may come with a token of Microsoft Entra ID, and what they may do. Without it only the key is known. */
  identities?: BusIdentities;
  /** AMQP over TLS on a port of its own. */
  tls?: TlsOptions;
  now?: () => number;
}

export interface ServiceBus {
  port: number;
  /** Where clients with tokens connect. */
  tlsPort: number | undefined;
  connectionString: string;
  counts(): Record<string, Counts>;
  /** Settles when the endpoint had to stop because a change could not be stored. */
  failed: Promise<Error>;
  stop(): Promise<void>;
}

/** Clients get this long to take their goodbye before the socket is cut. */
const CLOSE_GRACE_MS = 1000;
/** Timers are not trusted for longer: the machine may sleep, and a test may move the clock. */
const LONGEST_SLEEP_MS = 1000;

export async function startServiceBus(options: ServiceBusOptions): Promise<ServiceBus> {
  const { host = '127.0.0.1', keyName = 'RootManageSharedAccessKey', now = Date.now } = options;
  mkdirSync(options.dataDir, { recursive: true });
  const store = new Store(join(options.dataDir, 'servicebus.db'));
  const connections = new Set<Connection>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let reportFailure: (error: Error) => void;
  const failed = new Promise<Error>((resolve) => (reportFailure = resolve));

  const fail = (error: unknown): void => {
    if (stopped) return;
    stopped = true;
    turn.abort();
    clearTimeout(timer);
    front.server.close();
    front.cut();
    tls?.stop();
    reportFailure(error instanceof Error ? error : new Error(String(error)));
  };

  const tick = (): void => {
    timer = undefined;
    try {
      for (const node of namespace.nodes) node.tick();
      broker.endExpired();
      turn.plan();
    } catch (error) {
      fail(error);
    }
  };
  let timerAt = Infinity;
  const sleep = (): void => {
    const at = Math.min(...[broker, ...namespace.nodes].map(({ nextDeadline }) => nextDeadline));
    if (stopped || at === Infinity || (timer && timerAt <= at)) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(tick, Math.min(Math.max(at - now(), 0), LONGEST_SLEEP_MS));
  };

  const turn = new Turn(store, (queue) => broker.handOut(queue), sleep, fail);
  const namespace = new Namespace(options.config, store, {
    now,
    onAvailable: (queue) => turn.offer(queue),
    onSessionLost: (owner) => broker.endSession(owner),
  });
  let faults: Faults = noFaults;
  const key = { name: keyName, value: options.sharedAccessKey };
  const broker = new Broker(namespace, key, now, turn, () => faults, fail, options.identities);
  broker.container.on('connection_open', ({ connection }: { connection: Connection }) =>
    connections.add(connection),
  );
  for (const event of ['connection_close', 'disconnected']) {
    broker.container.on(event, ({ connection }: { connection: Connection }) =>
      connections.delete(connection),
    );
  }

  const control = controlServer(
    key.value,
    {
      get: () => faults,
      set: (wanted) => (faults = wanted),
    },
    () => namespace.counts(),
  );
  let tls: TlsListener | undefined;
  const front = new Front((socket) => acceptAmqp(broker, socket), control);
  try {
    if (options.tls) tls = await listenTls(options.tls, host, (socket) => acceptAmqp(broker, socket));
    await front.listen(options.port, host);
  } catch (error) {
    tls?.stop();
    turn.end();
    store.close();
    throw error;
  }
  turn.plan();

  const { port } = front.server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    const closed = once(front.server, 'close');
    front.server.close();
    turn.end();
    stopped = true;
    clearTimeout(timer);
    for (const connection of connections) {
      connection.close({
        condition: 'amqp:connection:forced',
        description: 'The Service Bus endpoint is stopping.',
      });
    }
    const cut = setTimeout(() => front.cut(), CLOSE_GRACE_MS);
    await closed;
    tls?.stop();
    clearTimeout(cut);
    store.close();
  };
  return {
    port,
    tlsPort: tls?.port,
    connectionString:
      `Endpoint=sb://${host}:${port};SharedAccessKeyName=${keyName};` +
      `SharedAccessKey=${options.sharedAccessKey};UseDevelopmentEmulator=true;`,
    counts: () => namespace.counts(),
    failed,
    stop,
  };
}

function acceptAmqp(broker: Broker, socket: Socket): void {
  const options = {
    max_frame_size: 65_536,
    idle_time_out: 120_000,
    // Outgoing deliveries stay buffered until settled, in order: one slow handler holds the slots of all behind it.
    session_buffer_size: { incoming: 8192, outgoing: 65_536 },
  };
  const connection = broker.container.create_connection(
    options as unknown as ConnectionOptions,
  ) as Connection & {
    accept(socket: Socket): void;
    eof(): void;
  };
  connection.accept(socket);
  // rhea hears of `end` and `error` only. A TLS client that closes without close_notify causes neither: its locks and
  // sessions would stay with it, and the idle timer would hold the process.
  let isHeard = false;
  for (const event of ['end', 'error']) socket.once(event, () => (isHeard = true));
  socket.once('close', () => isHeard || connection.eof());
}
