import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const rid = 'AAAAAYAAAAI=';

/** What an account says about every answer, so that the SDK has the same to read and to keep from both sides. */
const headers = {
  'content-type': 'application/json',
  'x-ms-activity-id': '00000000-0000-0000-0000-000000000000',
  'x-ms-version': '2020-07-15',
  'x-ms-request-charge': '1',
  'x-ms-session-token': '0:-1#1',
  'x-ms-alt-content-path': 'dbs/d/colls/c',
  'x-ms-content-path': rid,
  lsn: '1',
  etag: '"00000002-0000-0000-0000-000000000001"',
};

/**
 * The floor of the Cosmos DB benchmark: an HTTP server that gives the SDK what it asks for from constants. It keeps
 * nothing, checks nothing, and reads a request only to its end.
 */
export function constantAccount(): void {
  const definition = answer(200, {
    id: 'c',
    partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
    _rid: rid,
    _self: '',
  });
  const item = {
    id: '1',
    pk: 'p',
    text: 'x'.repeat(1000),
    _rid: 'AAAAAYAAAAIAAAAAAAAAAQ==',
    _self: `dbs/AAAAAQ==/colls/${rid}/docs/AAAAAYAAAAIAAAAAAAAAAQ==/`,
    _etag: headers.etag,
    _attachments: 'attachments/',
    _ts: 1_700_000_000,
  };
  const created = answer(201, item);
  const read = answer(200, item);
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    request
      .on('data', () => undefined)
      .on('end', () => {
        const { method, url = '' } = request;
        const { status, headers, body } =
          url === '/' ? account : !url.includes('/docs') ? definition : method === 'POST' ? created : read;
        response.writeHead(status, headers);
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

function answer(status: number, value: object) {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { ...headers, 'content-length': body.length }, body };
}
