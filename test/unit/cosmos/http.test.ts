import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Catalog } from '../../../local/cosmos/catalog';
import { createHttpServer } from '../../../local/cosmos/http';

const key = Buffer.from('a key').toString('base64');

function headers(): Record<string, string> {
  const date = new Date().toUTCString();
  const signature = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`get\n\n\n${date.toLowerCase()}\n\n`)
    .digest('base64');
  return {
    authorization: encodeURIComponent(`type=master&ver=1.0&sig=${signature}`),
    'x-ms-date': date,
    connection: 'close',
  };
}

test('a request is answered only when what it may have seen is on disk', async () => {
  const order: string[] = [];
  let release = (): void => undefined;
  const commit = new Promise<void>((done) => (release = done));
  let routed = (): void => undefined;
  const isRouted = new Promise<void>((done) => (routed = done));
  let requests = 0;
  const catalog = { commits: { settled: () => (requests === 1 ? commit : undefined) } } as unknown as Catalog;
  const route = () => {
    requests++;
    routed();
    return { status: 200, body: '{}' };
  };
  const server = createHttpServer({ key, identities: undefined, tls: undefined, catalog, route });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const first = fetch(url, { headers: headers() }).then(() => order.push('answered'));
    await isRouted;
    // All the way there and back: an answer that did not wait would have arrived as well.
    await fetch(url, { headers: headers() });
    order.push('on disk');
    release();
    await first;
    expect(order).toEqual(['on disk', 'answered']);
  } finally {
    server.close();
  }
});
