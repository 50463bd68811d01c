import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { converse, type ConnectionLimits } from './connection';
import type { Counts, Intake } from './ports';

export interface RelayOptions extends Partial<ConnectionLimits> {
  readonly port: number;
  readonly host: string;
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  readonly maxConnections: number;
}

export interface Relay {
  readonly port: number;
  readonly counts: Readonly<Counts>;
  /** Takes no new connection, answers what is under way, and ends every connection. */
  stop(): Promise<void>;
}

const defaults: ConnectionLimits = {
  // As what the pipeline takes from a queue.
  maxFrameBytes: 64 * 1024 * 1024,
  idleMilliseconds: 8 * 60 * 60_000,
  stalledMilliseconds: 60_000,
};
const handshakeMilliseconds = 10_000;
/** A peer that vanished without a word is noticed by TCP's own probes. */
const keepAliveMilliseconds = 60_000;
/** A peer that does not read its last answer. */
const lingerMilliseconds = 5_000;

/** Listens for MLLP. `log` gets lines without PHI. */
export async function startRelay(
  options: RelayOptions,
  intake: Intake,
  log: (line: string) => void,
): Promise<Relay> {
  const limits = { ...defaults, ...options };
  const counts: Counts = { connections: 0, queued: 0, refused: 0, notTaken: 0 };
  const stopping = new AbortController();
  const sockets = new Set<Socket>();
  const conversations = new Set<Promise<void>>();

  const accept = (socket: Socket): void => {
    counts.connections += 1;
    const peer = `connection ${counts.connections} from ${socket.remoteAddress ?? 'a peer that is gone'}`;
    const say = (line: string): void => log(`${peer}: ${line}`);
    // Also behind the conversation: an error that nobody listens to ends the process.
    socket.on('error', () => undefined);
    const conversation = converse(socket, intake, limits, counts, stopping.signal, say);
    conversations.add(conversation);
    void conversation.then(() => conversations.delete(conversation));
  };
  // Half open: a sender may close its side behind the last message and still wait for the answer.
  const common = {
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMilliseconds,
  };
  const server: Server = options.tls
    ? createTlsServer(
        { ...common, ...options.tls, minVersion: 'TLSv1.2', handshakeTimeout: handshakeMilliseconds },
        accept,
      )
    : createServer(common, accept);
  server.maxConnections = options.maxConnections;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('drop', () => log(`a connection was refused: ${options.maxConnections} are open already`));
  server.on('tlsClientError', (error: NodeJS.ErrnoException) =>
    log(`a TLS handshake failed: ${error.code ?? 'unknown reason'}`),
  );

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error: NodeJS.ErrnoException) =>
    log(`the listener: ${error.code ?? 'unknown reason'}`),
  );

  return {
    port: (server.address() as AddressInfo).port,
    counts,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      stopping.abort();
      await Promise.all(conversations);
      const late = setTimeout(() => sockets.forEach((socket) => socket.destroy()), lingerMilliseconds);
      await closed;
      clearTimeout(late);
    },
  };
}
