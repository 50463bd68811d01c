/** A Service Bus endpoint for one machine: the unchanged @azure/service-bus talks to it over plain TCP. */
import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { join } from 'node:path';
import type { Connection, ServerConnectionOptions } from 'rhea';
import { Broker } from './broker';
import type { EmulatorConfig } from './config';
import { Namespace } from './namespace';
import { Store } from './store';
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
  now?: () => number;
}

export interface ServiceBus {
  port: number;
  connectionString: string;
  counts(): Record<string, { active: number; scheduled: number; deadLetter: number }>;
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
  const sockets = new Set<Socket>();
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
    server?.close();
    for (const socket of sockets) socket.destroy();
    reportFailure(error instanceof Error ? error : new Error(String(error)));
  };

  const tick = (): void => {
    timer = undefined;
    try {
      for (const node of namespace.nodes) node.tick();
      turn.plan();
    } catch (error) {
      fail(error);
    }
  };
  let timerAt = Infinity;
  const sleep = (): void => {
    const at = Math.min(...namespace.nodes.map((node) => node.nextDeadline));
    if (stopped || at === Infinity || (timer && timerAt <= at)) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(tick, Math.min(Math.max(at - now(), 0), LONGEST_SLEEP_MS));
  };

  const turn = new Turn(store, (queue) => broker.handOut(queue), sleep, fail);
  const namespace = new Namespace(options.config, store, { now, onAvailable: (queue) => turn.offer(queue) });
  const broker = new Broker(namespace, { name: keyName, value: options.sharedAccessKey }, now, turn, fail);
  broker.container.on('connection_open', ({ connection }: { connection: Connection }) =>
    connections.add(connection),
  );
  for (const event of ['connection_close', 'disconnected']) {
    broker.container.on(event, ({ connection }: { connection: Connection }) =>
      connections.delete(connection),
    );
  }

  let server: Server | undefined;
  try {
    server = await listen(broker, options.port, host, sockets);
  } catch (error) {
    turn.end();
    store.close();
    throw error;
  }
  turn.plan();

  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    const closed = once(server, 'close');
    server.close();
    turn.end();
    stopped = true;
    clearTimeout(timer);
    for (const connection of connections) {
      connection.close({
        condition: 'amqp:connection:forced',
        description: 'The Service Bus endpoint is stopping.',
      });
    }
    const cut = setTimeout(() => sockets.forEach((socket) => socket.destroy()), CLOSE_GRACE_MS);
    await closed;
    clearTimeout(cut);
    store.close();
  };
  return {
    port,
    connectionString:
      `Endpoint=sb://${host}:${port};SharedAccessKeyName=${keyName};` +
      `SharedAccessKey=${options.sharedAccessKey};UseDevelopmentEmulator=true;`,
    counts: () => namespace.counts(),
    failed,
    stop,
  };
}

async function listen(broker: Broker, port: number, host: string, sockets: Set<Socket>): Promise<Server> {
  const options: ServerConnectionOptions & { noDelay: boolean } = {
    port,
    host,
    // Nagle's algorithm and delayed acknowledgements together cost 40 ms a message.
    noDelay: true,
    max_frame_size: 65_536,
    idle_time_out: 120_000,
    // Outgoing deliveries stay buffered until settled, in order: one slow handler holds the slots of all behind it.
    session_buffer_size: { incoming: 8192, outgoing: 65_536 },
  };
  const server = broker.container.listen(options);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  try {
    await once(server, 'listening');
  } catch (error) {
    const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!inUse) throw error;
    throw new Error(
      `Port ${port} on ${host} is in use: stop the process that has it or choose another port.`,
    );
  }
  return server;
}
