/** HTTP requests to the broker's own port: what a drill sets, and a clear answer to whoever expects a REST API. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { FaultSettingError, parseFaults, type Faults } from './faults';
import type { Counts } from './namespace';

export function controlServer(
  key: string,
  faults: { get(): Faults; set(faults: Faults): void },
  counts: () => Record<string, Counts>,
): Server {
  return createServer((request, response) => {
    read(request).then(
      (text) => answer(request, response, text),
      () => response.destroy(),
    );
  });

  function answer(request: IncomingMessage, response: ServerResponse, text: string): void {
    const send = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const isCounts = request.url === '/_local/counts';
    if (request.url !== '/_local/faults' && !isCounts) {
      return send(501, {
        message:
          'The local Service Bus endpoint has no REST and no administration API: entities come from its configuration, ' +
          'rules from a rule manager. It only knows /_local/faults and /_local/counts.',
      });
    }
    if (request.headers['x-local-key'] !== key) {
      return send(401, { message: 'The header x-local-key must hold the shared access key.' });
    }
    if (isCounts) return send(200, counts());
    if (request.method === 'POST') {
      try {
        faults.set(parseFaults(JSON.parse(text)));
      } catch (error) {
        const isKnown = error instanceof FaultSettingError || error instanceof SyntaxError;
        if (!isKnown) throw error;
        return send(400, { message: error.message });
      }
    }
    send(200, faults.get());
  }
}

const LIMIT = 65_536;

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > LIMIT) throw new Error('too long');
  }
  return text;
}
