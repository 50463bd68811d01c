import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The floor of the Cosmos DB benchmark: an HTTP server that gives the SDK what it asks for from constants. It keeps
 * nothing, checks nothing, and reads a request only to its end.
 */
export function constantAccount(): void {
  const definition = answer(200, {
    id: 'c',
    partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
    _rid: 'AAAAAYAAAAI=',
    _self: '',
  });
  const item = {
    id: '1',
    pk: 'p',
    text: 'x'.repeat(1000),
    _rid: 'AAAAAYAAAAIAAAAAAAAAAQ==',
    _etag: '"1"',
    _ts: 1,
  };
  const created = answer(201, item);
  const read = answer(200, item);
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    request
      .on('data', () => undefined)
      .on('end', () => {
        const { method, url = '' } = request;
        const { status, body } =
          url === '/' ? account : !url.includes('/docs') ? definition : method === 'POST' ? created : read;
        response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
        response.end(body);
      });
  });
  let account = answer(200, {});
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}/`;
    const here = [{ name: 'Local', databaseAccountEndpoint: endpoint }];
    account = answer(200, {
      id: 'local',
      writableLocations: here,
      readableLocations: here,
      userConsistencyPolicy: { defaultConsistencyLevel: 'Session' },
    });
    process.stdout.write(`${JSON.stringify({ endpoint })}\n`);
  });
}

const answer = (status: number, value: object) => ({ status, body: Buffer.from(JSON.stringify(value)) });
