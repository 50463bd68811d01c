import { request } from 'node:http';
import { join } from 'node:path';
import { appFolder, buildLocal, runHost, type TestHost } from '../support';
import { deployed, onStandIn } from './endpoint';
import { settings } from './entities';

// Here without the services: only HTTP functions run, which need none.
const others = ['warm', 'write', 'readBlob', 'readItem', 'copy', 'tick', 'onStart'].concat(
  ['onQueue', 'onBadQueue', 'onBlob', 'onBadBlob', 'onMessage', 'onBytes', 'onBatch', 'onEvent'],
  ['onSession', 'onChange', 'onRetriedChange', 'onBackedOffChange'],
);
const master = deployed?.masterKey ?? 'master-key';
const built = buildLocal({ worker: 'local/host/worker/main.ts' });
const app = appFolder(
  {
    'local.settings.json': JSON.stringify({
      IsEncrypted: false,
      Host: { CORS: 'https://one.example, https://two.example', CORSCredentials: true },
    }),
  },
  'conformance-app',
);
let host: TestHost | undefined;
const call = (path: string, init?: RequestInit): Promise<Response> => {
  const at = deployed ?? host;
  if (!at) throw new Error('The host has not started.');
  return at.call(path, init);
};

beforeAll(async () => {
  if (deployed) return;
  const env = {
    ...settings,
    ...Object.fromEntries(others.map((name) => [`AzureWebJobs.${name}.Disabled`, 'true'])),
  };
  host = await runHost(join(built.dir, 'worker.js'), { appDir: app.dir, env });
});
afterAll(async () => {
  await host?.stop();
  app.remove();
  built.remove();
});

describe('the answer of a function', () => {
  it.each([
    ['nothing', 204, ''],
    ['empty', 200, ''],
    ['text', 200, 'text'],
    ['json', 200, '{"a":1}'],
    ['teapot', 418, 'short and stout'],
    ['noContent', 204, ''],
    ['bytes', 200, '\u0000\ufffd\u0001'],
    ['error', 500, ''],
  ])('%s is %i', async (which, status, body) => {
    const response = await call(`/api/answers/${which}`);
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  it('has its headers and its cookies', async () => {
    const { headers } = await call('/api/headers');
    expect(headers.get('x-one')).toBe('1');
    expect(headers.get('content-type')).toBe('text/x-own');
    expect(headers.getSetCookie()).toEqual([
      'a=1; Path=/p; HttpOnly; Secure; SameSite=Lax',
      'b=2; Expires=Thu, 01 Jan 1970 00:00:01 GMT',
    ]);
  });
});

describe('a request', () => {
  it('arrives whole, repeated query values joined by a comma', async () => {
    const response = await call('/api/echo/a/b%20c?x=1&y=%26&x=2', {
      method: 'POST',
      headers: { 'X-Given': 'g' },
      body: 'höre',
    });
    expect(await response.json()).toEqual({
      method: 'POST',
      params: { rest: 'a/b c' },
      query: { x: '1,2', y: '&' },
      header: 'g',
      body: 'höre',
    });
  });

  it.each([
    ['latest', 'literal'],
    ['17', 'number'],
    ['abc', 'name'],
  ])('for order/%s goes to the route by %s', async (path, expected) => {
    expect(await (await call(`/api/order/${path}`)).text()).toBe(expected);
  });

  it.each([
    ['optional', { a: 'none' }],
    ['optional/x', { a: 'x' }],
    ['optional/x/y', { a: 'x', b: 'y' }],
  ])('for %s has defaults and leaves out what is optional', async (path, params) => {
    expect(await (await call(`/api/${path}`)).json()).toEqual(params);
  });

  it.each([
    ['GET', '/api/nobody', 404],
    ['GET', '/headers', 404],
    ['DELETE', '/api/headers', 404],
    ['GET', '/api/off', 404],
    ['GET', '/API/Headers', 200],
  ])('%s %s is %i', async (method, path, status) => {
    expect((await call(path, { method })).status).toBe(status);
  });

  onStandIn('larger than 100 MB is refused before it is read', async () => {
    const status = await new Promise((resolve, reject) => {
      const req = request(
        { port: host?.port, path: '/api/echo/x', method: 'POST', headers: { 'content-length': 104_857_601 } },
        (res) => {
          resolve(res.statusCode);
          req.destroy();
        },
      );
      req.once('error', reject);
      req.flushHeaders();
    });
    expect(status).toBe(413);
  });
});

describe('keys', () => {
  const admin = (path: string, method = 'GET', body?: object): Promise<Response> =>
    call(`/admin/${path}`, {
      method,
      headers: { 'x-functions-key': master },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const status = async (name: string, key: string): Promise<number> =>
    (await call(`/api/${name}`, { headers: { 'x-functions-key': key } })).status;

  it('of a function open that function alone', async () => {
    const { keys } = (await (await admin('functions/keyed/keys')).json()) as { keys: { value: string }[] };
    const own = keys[0]?.value ?? '';
    expect(await status('keyed', own)).toBe(200);
    expect(await status('otherKeyed', own)).toBe(401);
    expect(await status('adminOnly', own)).toBe(401);
  });

  it('are made, set and removed through the admin API', async () => {
    const made = await admin('functions/keyed/keys/mine', 'POST');
    const { value } = (await made.json()) as { value: string };
    expect(made.status).toBe(201);
    expect(await status('keyed', value)).toBe(200);
    const set = await admin('functions/keyed/keys/mine', 'PUT', { name: 'mine', value: 'a-value-of-my-own' });
    expect(set.status).toBe(200);
    expect(await status('keyed', value)).toBe(401);
    expect(await status('keyed', 'a-value-of-my-own')).toBe(200);
    expect((await admin('functions/keyed/keys/mine', 'DELETE')).status).toBe(204);
    expect(await status('keyed', 'a-value-of-my-own')).toBe(401);
    expect((await admin('functions/keyed/keys/mine', 'DELETE')).status).toBe(404);
    expect((await admin('functions/nobody/keys')).status).toBe(404);
  });

  it('of the host open every function, not the admin ones', async () => {
    const { value } = (await (await admin('host/functionkeys/team', 'POST')).json()) as { value: string };
    const listed = (await (await admin('host/keys')).json()) as { keys: { name: string }[] };
    expect(listed.keys.map(({ name }) => name)).toEqual(expect.arrayContaining(['default', 'team']));
    expect([await status('keyed', value), await status('otherKeyed', value)]).toEqual([200, 200]);
    expect(await status('adminOnly', value)).toBe(401);
    expect(await status('adminOnly', master)).toBe(200);
    expect((await admin('host/functionkeys/team', 'DELETE')).status).toBe(204);
    expect(await status('keyed', value)).toBe(401);
  });

  it('of the system are kept apart, and all of it needs the master key', async () => {
    expect((await admin('host/systemkeys/x_extension', 'POST')).status).toBe(201);
    const { keys } = (await (await admin('host/systemkeys')).json()) as { keys: { name: string }[] };
    expect(keys.map(({ name }) => name)).toContain('x_extension');
    await admin('host/systemkeys/x_extension', 'DELETE');
    expect((await call('/admin/host/systemkeys')).status).toBe(401);
  });
});

describe('CORS', () => {
  const preflight = (origin: string): Promise<Response> =>
    call('/api/headers', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'x-functions-key',
      },
    });

  onStandIn('answers the preflight of a named origin', async () => {
    const { status, headers } = await preflight('https://two.example');
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('https://two.example');
    expect(headers.get('access-control-allow-methods')).toBe('GET');
    expect(headers.get('access-control-allow-headers')).toBe('x-functions-key');
    expect(headers.get('access-control-allow-credentials')).toBe('true');
  });

  onStandIn('lets a named origin read, and no other', async () => {
    const origin = async (name: string): Promise<string | null> =>
      (await call('/api/headers', { headers: { origin: name } })).headers.get('access-control-allow-origin');
    expect(await origin('https://one.example')).toBe('https://one.example');
    expect(await origin('https://three.example')).toBeNull();
    expect((await preflight('https://three.example')).headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('extensions', () => {
  it('have no webhook unless they made one', async () => {
    expect((await call('/runtime/webhooks/nobody/x')).status).toBe(404);
  });
});
