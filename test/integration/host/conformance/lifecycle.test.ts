import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { appFolder, buildLocal, runHost, until, type TestHost } from '../support';
import { onStandIn as it } from './endpoint';

// What a deployed app cannot be asked for: crashes, time limits, reloads.
const built = buildLocal({ worker: 'local/host/worker/main.ts' });
const worker = join(built.dir, 'worker.js');
const remove: (() => void)[] = [built.remove];
const running: TestHost[] = [];

const start = async (
  functions: string,
  { hostJson = {}, ...more }: { hostJson?: object; watch?: boolean; inspect?: string } = {},
): Promise<TestHost & { dir: string }> => {
  const app = appFolder({
    'package.json': JSON.stringify({ main: 'app.js', scripts: { build: 'node build.js' } }),
    'host.json': JSON.stringify({ version: '2.0', ...hostJson }),
    'app.js': `const { app } = require('@azure/functions');\n${functions}`,
    'build.js': `require('node:fs').writeFileSync('app.js', require('node:fs').readFileSync('app.ts', 'utf8'));`,
  });
  remove.push(app.remove);
  const host = await runHost(worker, { appDir: app.dir, ...more });
  running.push(host);
  return { ...host, dir: app.dir };
};
afterAll(async () => {
  await Promise.all(running.map((host) => host.stop()));
  for (const each of remove) each();
});

const text = async (host: TestHost, path: string): Promise<string> => {
  const response = await host.call(path);
  return `${response.status} ${await response.text()}`;
};

describe('a function that takes too long', () => {
  it('fails with everything beside it, and the process is a new one', async () => {
    const host = await start(
      `app.get('hang', () => new Promise(() => {}));
       app.get('wait', () => new Promise((done) => setTimeout(() => done({ body: 'done' }), 60_000)));
       app.get('pid', () => ({ body: String(process.pid) }));`,
      { hostJson: { functionTimeout: '00:00:02' } },
    );
    const before = await text(host, '/api/pid');
    const beside = host.call('/api/wait');
    expect((await host.call('/api/hang')).status).toBe(500);
    expect((await beside).status).toBe(500);
    const after = await text(host, '/api/pid');
    expect(after).toMatch(/^200 /);
    expect(after).not.toBe(before);
    const old = Number(before.slice('200 '.length));
    await until(() => {
      try {
        process.kill(old, 0);
        return undefined;
      } catch {
        return true;
      }
    });
  });
});

describe('limits of HTTP', () => {
  it('queue what is over maxConcurrentRequests and refuse what is over maxOutstandingRequests', async () => {
    const host = await start(
      `let running = 0, most = 0, release;
       const gate = new Promise((open) => (release = open));
       app.get('work', async () => { most = Math.max(most, ++running); await gate; running--; return { body: String(most) }; });
       app.timer('open', { schedule: '0 0 0 1 1 *', useMonitor: false, handler: async () => release() });`,
      { hostJson: { extensions: { http: { maxConcurrentRequests: 2, maxOutstandingRequests: 3 } } } },
    );
    const requests = [1, 2, 3].map(() => text(host, '/api/work'));
    await until(() =>
      host.lines.filter((line) => line.startsWith("Executing 'Functions.work'")).length === 2
        ? true
        : undefined,
    );
    // The third waits in the host; a fourth is one too many. It may overtake the third on its way in.
    requests.push(text(host, '/api/work'));
    expect(await Promise.race(requests)).toBe('429 ');
    await host.call('/admin/functions/open', {
      method: 'POST',
      headers: { 'x-functions-key': 'master-key' },
      body: '{}',
    });
    expect((await Promise.all(requests)).sort()).toEqual(['200 2', '200 2', '200 2', '429 ']);
  });
});

describe('a watched app', () => {
  it('is loaded again when a file changes, built where it has sources, and mended after a fault', async () => {
    const host = await start(`app.get('v', () => ({ body: 'one' }));`, { watch: true });
    const version = (body: string): Promise<true> =>
      until(async () => ((await text(host, '/api/v')) === `200 ${body}` ? true : undefined));
    await version('one');
    const file = join(host.dir, 'app.js');
    const source = readFileSync(file, 'utf8');
    writeFileSync(file, source.replace('one', 'two'));
    await version('two');
    writeFileSync(join(host.dir, 'app.ts'), source.replace('one', 'three'));
    await version('three');
    writeFileSync(file, 'this is no JavaScript');
    await until(() => host.lines.find((line) => line.startsWith('The app cannot be loaded:')));
    expect((await host.call('/api/v')).status).toBe(503);
    writeFileSync(file, source.replace('one', 'four'));
    await version('four');
  });
});

describe('the admin API', () => {
  it('restarts the app', async () => {
    const host = await start(`app.get('pid', () => ({ body: String(process.pid) }));`);
    const before = await text(host, '/api/pid');
    const restart = { method: 'POST', headers: { 'x-functions-key': 'master-key' } };
    expect((await host.call('/admin/host/restart', restart)).status).toBe(202);
    await until(async () => {
      const now = await text(host, '/api/pid');
      return now.startsWith('200 ') && now !== before ? true : undefined;
    });
  });
});

describe('a debugger', () => {
  it('can attach to the app', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    await new Promise((done) => free.close(done));
    const host = await start(`app.get('x', () => ({ body: 'x' }));`, { inspect: `127.0.0.1:${port}` });
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { type: string }[];
    expect(targets.map(({ type }) => type)).toEqual(['node']);
    expect(host.lines.join('\n')).toContain(`Debugger listening on ws://127.0.0.1:${port}/`);
  });
});

describe('an app with HTTP streams', () => {
  const app = `app.setup({ enableHttpStream: true });
    const { Readable } = require('node:stream');
    app.post('count', { route: 'count/{name}', handler: async (request) => {
      let bytes = 0, pieces = 0;
      for await (const piece of request.body) { bytes += piece.length; pieces++; }
      return { jsonBody: { bytes, streamed: pieces > 1, name: request.params.name, q: request.query.get('q'), h: request.headers.get('x-h'), url: request.url } };
    } });
    app.get('drip', async () => ({ body: Readable.from((async function* () {
      yield 'first;'; await new Promise((go) => (globalThis.go = go)); yield 'second';
    })()), headers: { 'content-type': 'text/event-stream' } }));
    app.get('go', async () => { globalThis.go(); return { status: 202 }; });
    app.get('undefined', async () => undefined);
    app.get('throws', async () => { throw new Error('inside'); });`;
  let host: TestHost;
  beforeAll(async () => {
    host = await start(app);
  });

  it('takes a body piece by piece, also one without a length', async () => {
    const pieces = (async function* () {
      for (let i = 0; i < 64; i += 1) yield new Uint8Array(16_384);
    })();
    const response = await host.call('/api/count/n%20n?q=1', {
      method: 'POST',
      headers: { 'x-h': 'h' },
      body: pieces as unknown as ReadableStream,
      duplex: 'half',
    } as RequestInit);
    expect(await response.json()).toEqual({
      bytes: 1_048_576,
      streamed: true,
      name: 'n n',
      q: '1',
      h: 'h',
      url: `http://127.0.0.1:${host.port}/api/count/n%20n?q=1`,
    });
  });

  it('answers piece by piece', async () => {
    const response = await host.call('/api/drip');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from((first?.value as Uint8Array | undefined) ?? []).toString()).toBe('first;');
    expect((await host.call('/api/go')).status).toBe(202);
    const second = await reader?.read();
    expect(Buffer.from((second?.value as Uint8Array | undefined) ?? []).toString()).toBe('second');
  });

  it('is 204 for undefined and an empty 500 for an error', async () => {
    expect([await text(host, '/api/undefined'), await text(host, '/api/throws')]).toEqual(['204 ', '500 ']);
  });

  it('takes a body of 100 MB in little memory', async () => {
    const size = 100 * 1024 * 1024;
    const before = process.memoryUsage().rss;
    const piece = Buffer.alloc(65_536);
    const answer = await new Promise<string>((resolve, reject) => {
      const req = request(
        { port: host.port, path: '/api/count/big', method: 'POST', headers: { 'content-length': size } },
        (res) => void buffer(res).then((bytes) => resolve(bytes.toString()), reject),
      );
      req.once('error', reject);
      let left = size / piece.length;
      const more = (): void => {
        while (left > 0) {
          left -= 1;
          if (!req.write(piece)) return void req.once('drain', more);
        }
        req.end();
      };
      more();
    });
    expect(JSON.parse(answer)).toMatchObject({ bytes: size });
    // This process is the host as well: it may not have kept the body.
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024);
  });
});
