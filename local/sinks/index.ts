/** Where mail, text messages and webhooks of an app under development end: recorded, never delivered. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Recorder } from './recorder';
import { Script } from './script';
import { isSmsSigned, parseSms, SMS_KEY, smsAnswer } from './sms';
import { smtpSink } from './smtp';
import { reply, viewAnswered } from './view';

export { Recorder } from './recorder';
export { ScriptError } from './script';
export { reply, viewAnswered } from './view';

export interface SinksOptions {
  /** HTTP: text messages, webhooks and the view of all that was received. 0 takes a free one. */
  port: number;
  smtpPort: number;
  /** Everything is kept in `sinks.db` in this folder. */
  dataDir: string;
}

export interface Sinks {
  readonly port: number;
  readonly smtpPort: number;
  readonly smtpUrl: string;
  /** For an SDK of Azure Communication Services. */
  readonly smsConnectionString: string;
  readonly webhookUrl: string;
  stop(): Promise<void>;
}

const BODY_LIMIT = 4 * 1024 * 1024;

export async function startSinks(options: SinksOptions): Promise<Sinks> {
  const recorder = new Recorder(join(options.dataDir, 'sinks.db'));
  const script = new Script();
  const stopping = new AbortController();
  const http = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const smtp = await smtpSink(recorder, script);
  http.listen(options.port, '127.0.0.1');
  const smtpListening = smtp.listen(options.smtpPort, '127.0.0.1');
  await Promise.all([once(http, 'listening'), once(smtpListening, 'listening')]);
  // Afterwards only connections fail: that is their client's affair.
  smtp.on('error', () => undefined);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await viewAnswered(request, response, recorder, script)) return;
    const body = await read(request);
    if (body === undefined) return reply(response, 413, { message: 'The body is larger than 4 MiB.' });
    const url = request.url ?? '/';
    const path = url.split('?', 1)[0] ?? url;
    const rule = script.take(path);
    if (rule?.delayMs) await delay(rule.delayMs, undefined, { signal: stopping.signal });
    const isSms = request.method === 'POST' && path === '/sms';
    const answer = isSms ? sms(url, request, body) : { status: 200, body: {} };
    const status = rule?.status ?? answer.status;
    const sent = isSms ? parseSms(body) : undefined;
    recorder.add({
      kind: isSms ? 'sms' : 'webhook',
      ...(sent ? { from: sent.from } : {}),
      to: sent ? sent.recipients.map(({ to }) => to).join(', ') : path,
      title: sent ? sent.message : `${request.method ?? ''} ${url}`,
      details: {
        answer: rule?.drop ? 'dropped' : status,
        method: request.method,
        url,
        headers: request.headers,
      },
      body,
    });
    if (rule?.drop) return void request.socket.destroy();
    if (rule?.body !== undefined) return void response.writeHead(status, rule.headers).end(rule.body);
    reply(response, status, rule?.status ? {} : answer.body, rule?.headers);
  }

  const { port } = http.address() as AddressInfo;
  const { port: smtpPort } = smtp.server.address() as AddressInfo;
  return {
    port,
    smtpPort,
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    smsConnectionString: `endpoint=http://127.0.0.1:${port}/;accesskey=${SMS_KEY}`,
    webhookUrl: `http://127.0.0.1:${port}/hooks`,
    async stop() {
      stopping.abort();
      const closed = Promise.all([
        once(http, 'close'),
        new Promise<void>((done) => smtp.close(() => done())),
      ]);
      http.close();
      http.closeAllConnections();
      await closed;
      recorder.close();
    },
  };
}

function sms(url: string, request: IncomingMessage, body: string): { status: number; body: object } {
  const refusal = (status: number, code: string, message: string) => ({
    status,
    body: { error: { code, message } },
  });
  if (!url.includes('api-version=')) {
    return refusal(400, 'MissingApiVersionParameter', 'The api-version query parameter is required.');
  }
  if (!isSmsSigned(url, request.headers, body)) {
    return refusal(
      401,
      'Denied',
      'Denied by the resource provider: the HMAC-SHA256 signature does not match.',
    );
  }
  const message = parseSms(body);
  if (!message) return refusal(400, 'BadRequest', 'The body needs from, message and smsRecipients.');
  return { status: 202, body: smsAnswer(message) };
}

async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length <= BODY_LIMIT) chunks.push(chunk as Buffer);
  }
  return length > BODY_LIMIT ? undefined : Buffer.concat(chunks).toString('utf8');
}
