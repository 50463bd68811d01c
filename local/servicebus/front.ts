/** One port for AMQP and for HTTP: the first byte of a connection tells them apart. */
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';

/** Every AMQP connection starts with the letters AMQP (amqp-core-transport 2.2); no HTTP method starts with A. */
const AMQP_START = 0x41;

export class Front {
  readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(onAmqp: (socket: Socket) => void, http: HttpServer) {
    // Nagle's algorithm and delayed acknowledgements together cost 40 ms a message.
    this.server = createServer({ noDelay: true }, (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      // A client that goes away before it has said what it speaks.
      socket.on('error', () => socket.destroy());
      socket.once('data', (start: Buffer) => {
        socket.pause();
        if (start[0] === AMQP_START) onAmqp(socket);
        else http.emit('connection', socket);
        socket.unshift(start);
        socket.resume();
      });
    });
  }

  async listen(port: number, host: string): Promise<void> {
    this.server.listen(port, host);
    try {
      await once(this.server, 'listening');
    } catch (error) {
      const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!inUse) throw error;
      throw new Error(
        `Port ${port} on ${host} is in use: stop the process that has it or choose another port.`,
      );
    }
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
