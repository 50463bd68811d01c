/** Azurite behind the layer: requests passed on as they came, and a few of the layer's own. */
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import { authorizationOf, type Account } from './shared-key';

/** What the stand-in's own questions speak; Azurite knows it. */
const API_VERSION = '2021-12-02';

export class Upstream {
  readonly #agent = new Agent({ keepAlive: true, noDelay: true });

  constructor(
    private readonly port: number,
    private readonly account: Account,
  ) {}

  /** Headers as sent, in their order and case: the signature covers them. */
  forward(
    request: IncomingMessage,
    body: Readable | Buffer,
    headers: RequestOptions['headers'] = request.rawHeaders,
  ): Promise<IncomingMessage> {
    const options = { method: request.method ?? 'GET', path: request.url ?? '/', headers };
    return this.#send(options, body);
  }

  /** A question of the layer's own, signed with the account's key. */
  ask(method: string, path: string, more: Record<string, string> = {}): Promise<IncomingMessage> {
    const headers: Record<string, string> = {
      'x-ms-date': new Date().toUTCString(),
      'x-ms-version': API_VERSION,
      ...more,
    };
    headers['authorization'] = authorizationOf(this.account, { method, url: path, headers });
    return this.#send({ method, path, headers }, undefined);
  }

  /** Whether the signature in the address is good: HEAD needs no body and changes nothing. */
  probe(path: string): Promise<IncomingMessage> {
    return this.#send({ method: 'HEAD', path, headers: { 'x-ms-version': API_VERSION } }, undefined);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(options: RequestOptions, body: Readable | Buffer | undefined): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest({ ...options, host: '127.0.0.1', port: this.port, agent: this.#agent });
      sent.once('response', resolve).once('error', reject);
      if (body === undefined || Buffer.isBuffer(body)) sent.end(body);
      else {
        // The client went away: Azurite must not take the part for the whole.
        body.once('error', () => sent.destroy());
        body.pipe(sent);
      }
    });
  }
}
