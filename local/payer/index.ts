/** A health plan that answers eligibility inquiries: X12 270 by HTTP POST to /x12, 271 back. Scripted, recorded. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Recorder, reply, viewAnswered } from '../sinks';
import { answerTo, inquiryOf, type Inquiry } from './eligibility';
import { PayerScript, type PayerAnswer } from './script';
import { readX12, X12Error } from './x12';

export interface PayerOptions {
  /** 0 takes a free one. */
  port: number;
  /** Everything is kept in `payer.db` in this folder. */
  dataDir: string;
  now?: () => number;
}

export interface Payer {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

const X12 = { 'content-type': 'application/edi-x12' };

export async function startPayer({ port, dataDir, now = Date.now }: PayerOptions): Promise<Payer> {
  const recorder = new Recorder(join(dataDir, 'payer.db'));
  const script = new PayerScript();
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await viewAnswered(request, response, recorder, script)) return;
    if (request.method !== 'POST' || request.url !== '/x12') {
      return reply(response, 404, {
        message: 'Inquiries go to POST /x12, as plain X12: no SOAP and no MIME of CORE.',
      });
    }
    const body = await text(request);
    let inquiry: Inquiry;
    try {
      inquiry = inquiryOf(readX12(body));
    } catch (error) {
      if (!(error instanceof X12Error)) throw error;
      record(body, undefined, 'refused', error.message);
      return reply(response, 400, { message: error.message });
    }
    const answer = script.take(inquiry.memberId);
    const said = wordsOf(inquiry, answer);
    record(body, inquiry, answer, said);
    // Open until the client has enough of it.
    if (answer === 'timeout') return;
    if (answer === '503') return reply(response, 503, { message: 'The payer is away.' });
    response.writeHead(200, X12).end(said);
  }

  function wordsOf(inquiry: Inquiry, answer: PayerAnswer): string {
    if (answer === 'timeout' || answer === '503') return '';
    if (answer !== 'malformed') return answerTo(inquiry, answer, new Date(now()));
    const whole = answerTo(inquiry, 'active', new Date(now()));
    // Cut in the middle of a benefit: the envelope never ends.
    return whole.slice(0, whole.lastIndexOf('EB*'));
  }

  function record(body: string, inquiry: Inquiry | undefined, answer: string, said: string): void {
    recorder.add({
      kind: 'payer',
      ...(inquiry ? { from: inquiry.sender, to: inquiry.receiver } : {}),
      title: `270, answered: ${answer}`,
      details: { memberId: inquiry?.memberId ?? '', answer: said },
      body,
    });
  }

  const actual = (server.address() as AddressInfo).port;
  return {
    port: actual,
    url: `http://127.0.0.1:${actual}/x12`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      recorder.close();
    },
  };
}
