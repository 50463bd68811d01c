import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:tls';

export interface TlsOptions {
  /** 0 takes a free port. */
  port: number;
  cert: Buffer;
  key: Buffer;
}

export interface TlsListener {
  port: number;
  stop(): void;
}

/** AMQP over TLS from the first byte (port 5671): the only way for a client with a token. */
export async function listenTls(
  { port, cert, key }: TlsOptions,
  host: string,
  onAmqp: (socket: Socket) => void,
): Promise<TlsListener> {
  const sockets = new Set<Socket>();
  // Nagle's algorithm and delayed acknowledgements together cost 40 ms a message.
  const server = createServer({ cert, key, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that goes away is no news to a broker.
    socket.on('error', () => socket.destroy());
    onAmqp(socket);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
