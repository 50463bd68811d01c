import { request } from 'node:http';
import { startHost } from '../../../local/host';
import { join } from 'node:path';
import { appFolder, buildLocal, root, runHost, until, type TestHost } from './support';

const built = buildLocal({ worker: 'local/host/worker/main.ts' });
const worker = join(built.dir, 'worker.js');
const remove: (() => void)[] = [built.remove];
let host: TestHost;

const only = (functions: string): Record<string, string> => ({
  'package.json': '{ "main": "app.js" }',
  'host.json': '{ "version": "2.0" }',
  'app.js': `const { app } = require('@azure/functions');\n${functions}`,
});
const folder = (files: Record<string, string>, fixture?: string): string => {
  const app = appFolder(files, fixture);
  remove.push(app.remove);
  return app.dir;
};

beforeAll(async () => {
  const appDir = folder(
    { 'local.settings.json': JSON.stringify({ IsEncrypted: false, Values: { GIVEN: 'file' } }) },
    'foreign-app',
  );
  const noTriggers = Object.fromEntries(
    ['tick', 'onMessage', 'onBytes', 'onBatch', 'onEvent', 'onChange'].map((name) => [
      `AzureWebJobs.${name}.Disabled`,
      'true',
    ]),
  );
  host = await runHost(worker, { appDir, env: noTriggers });
});
afterAll(async () => {
  await host.stop();
  for (const each of remove) each();
});

describe('a request to an HTTP function', () => {
  it('arrives with method, url, params, joined query, headers and body', async () => {
    const response = await host.call('/v1/echo/42/a%20b/c?x=1&x=2&y=%C3%A9', {
      method: 'POST',
      headers: { 'X-Test': 'yes' },
      body: 'hello',
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-method')).toBe('POST');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.getSetCookie()).toEqual([
      'session=a%20b; Max-Age=60; Path=/; HttpOnly; SameSite=Strict',
    ]);
    expect(await response.json()).toEqual({
      url: `http://127.0.0.1:${host.port}/v1/echo/42/a%20b/c?x=1&x=2&y=%C3%A9`,
      params: { id: '42', rest: 'a b/c' },
      query: { x: '1,2', y: 'é' },
      header: 'yes',
      body: 'hello',
    });
  });

  it('goes to the most specific route', async () => {
    expect(await (await host.call('/v1/echo')).text()).toBe('name none');
    expect(await (await host.call('/v1/ECHO/anna')).text()).toBe('name anna');
    expect((await host.call('/v1/echo/7')).status).toBe(201);
  });

  it.each(['/v1/unknown', '/echo', '/v1/seen/more'])('is 404 with an empty body for %s', async (path) => {
    const response = await host.call(path);
    expect([response.status, await response.text()]).toEqual([404, '']);
  });

  it('is 404 for another method', async () => {
    expect((await host.call('/v1/bytes')).status).toBe(404);
  });

  it('is 204 when the handler returns nothing and an empty 500 when it throws', async () => {
    const nothing = await host.call('/v1/nothing');
    expect([nothing.status, await nothing.text()]).toEqual([204, '']);
    const fails = await host.call('/v1/fails');
    expect([fails.status, await fails.text()]).toEqual([500, '']);
  });

  it('carries bytes unchanged both ways', async () => {
    const body = Uint8Array.from({ length: 256 }, (_, i) => i);
    const response = await host.call('/v1/bytes', { method: 'POST', body });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(body);
  });

  it('has no body when it announces no length, as in Azure', async () => {
    const received = await new Promise<string>((resolve, reject) => {
      const req = request({ port: host.port, path: '/v1/bytes', method: 'POST' }, (res) => {
        let text = '';
        res
          .on('data', (chunk: Buffer) => (text += chunk.toString()))
          .on('end', () => resolve(`${res.statusCode} ${text}`));
      });
      req.on('error', reject);
      req.write('chunked');
      req.end();
    });
    expect(received).toBe('200 ');
    expect(host.lines.join('\n')).toContain('send a Content-Length');
  });

  it('passes hooks, which may change inputs, and swallow an error', async () => {
    expect(await (await host.call('/v1/hooks')).json()).toEqual({ calls: ['pre', 'post'], started: true });
  });
});

describe('keys', () => {
  it.each([
    ['keyed', undefined, '', 401],
    ['keyed', 'wrong', '', 401],
    ['keyed', 'function-key', '', 200],
    ['keyed', 'master-key', '', 200],
    ['keyed', undefined, '?code=function-key', 200],
    ['keyed', 'wrong', '?code=function-key', 401],
    ['adminOnly', 'function-key', '', 401],
    ['adminOnly', 'master-key', '', 200],
  ])('%s with header %s and query %s is %i', async (path, header, query, status) => {
    const response = await host.call(
      `/v1/${path}${query}`,
      header ? { headers: { 'x-functions-key': header } } : {},
    );
    expect(response.status).toBe(status);
    if (status === 401) expect(await response.text()).toBe('');
  });
});

describe('the app', () => {
  it('is told where it runs; a variable that is set wins over local.settings.json', async () => {
    const environment = (await (await host.call('/v1/environment')).json()) as Record<string, unknown>;
    expect(environment).toMatchObject({
      WEBSITE_HOSTNAME: `localhost:${host.port}`,
      AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
      FUNCTIONS_WORKER_RUNTIME: 'node',
      GIVEN: 'file',
    });
  });

  it('is listed with the names and bindings it registered', () => {
    expect(host.functions.map(({ name }) => name).sort()).toEqual(
      [
        'adminOnly',
        'bytes',
        'crash',
        'echo',
        'echoName',
        'environment',
        'fails',
        'hang',
        'hooks',
        'keyed',
        'nothing',
      ]
        .concat(['onBatch', 'onBytes', 'onChange', 'onEvent', 'onMessage', 'seen', 'slow', 'tick'])
        .sort(),
    );
    const echo = host.functions.find(({ name }) => name === 'echo');
    expect(echo).toMatchObject({
      trigger: 'httpTrigger',
      methods: ['GET', 'POST', 'PUT'],
      route: 'echo/{id:int}/{*rest}',
      url: `http://localhost:${host.port}/v1/echo/{id:int}/{*rest}`,
    });
    expect(echo?.bindings).toEqual([
      {
        name: expect.stringMatching(/^httpTrigger[0-9a-f]{10}$/),
        type: 'httpTrigger',
        direction: 'in',
        authLevel: 'anonymous',
        methods: ['GET', 'POST', 'PUT'],
        route: 'echo/{id:int}/{*rest}',
        properties: { supportsDeferredBinding: 'false' },
      },
      { name: '$return', type: 'http', direction: 'out' },
    ]);
    expect(host.functions.find(({ name }) => name === 'onMessage')).toMatchObject({
      trigger: 'serviceBusTrigger',
      disabled: true,
    });
  });

  it('writes Executing and Executed lines without payloads', async () => {
    await host.call('/v1/echo/99/needle?secret=needle', { method: 'POST', body: 'needle' });
    const log = host.lines.join('\n');
    expect(log).toMatch(
      /Executing 'Functions.echo' \(Reason='This function was programmatically called via the host APIs\.', Id=/,
    );
    expect(log).toMatch(/Executed 'Functions.echo' \(Succeeded, Id=[0-9a-f-]+, Duration=\d+ms\)/);
    expect(log).not.toContain('needle');
  });
});

describe('the admin API', () => {
  const master = { headers: { 'x-functions-key': 'master-key' } };

  it('wants the master key, except for ping', async () => {
    expect((await host.call('/admin/host/ping')).status).toBe(200);
    expect((await host.call('/admin/host/status')).status).toBe(401);
    expect(
      (await host.call('/admin/functions', { headers: { 'x-functions-key': 'function-key' } })).status,
    ).toBe(401);
    expect(await (await host.call('/admin/host/status', master)).json()).toMatchObject({ state: 'Running' });
  });

  it('lists functions', async () => {
    const list = (await (await host.call('/admin/functions', master)).json()) as {
      name: string;
      isDisabled: boolean;
    }[];
    expect(list).toHaveLength(19);
    expect(list).toContainEqual(expect.objectContaining({ name: 'tick', isDisabled: true }));
    expect((await host.call('/admin/functions/nobody', master)).status).toBe(404);
  });

  it('refuses what cannot run by hand', async () => {
    const post = (name: string, body: string): Promise<Response> =>
      host.call(`/admin/functions/${name}`, { method: 'POST', body, ...master });
    expect((await post('tick', 'no json')).status).toBe(400);
    expect((await post('echo', '{}')).status).toBe(400);
    expect((await post('nobody', '{}')).status).toBe(404);
  });

  it('drains and resumes', async () => {
    const slow = host.call('/v1/slow');
    await until(() => host.lines.find((line) => line.startsWith("Executing 'Functions.slow'")));
    expect((await host.call('/admin/host/drain', { method: 'POST', ...master })).status).toBe(202);
    expect(await (await host.call('/admin/host/drain/status', master)).json()).toMatchObject({
      state: 'InProgress',
      outstandingInvocations: 1,
    });
    expect((await slow).status).toBe(200);
    expect(await (await host.call('/admin/host/drain/status', master)).json()).toMatchObject({
      state: 'Completed',
    });
    expect((await host.call('/admin/host/resume', { method: 'POST', ...master })).status).toBe(200);
    expect(await (await host.call('/admin/host/drain/status', master)).json()).toMatchObject({
      state: 'Disabled',
    });
  });
});

describe('the worker process', () => {
  const pid = async (): Promise<number> =>
    ((await (await host.call('/v1/environment')).json()) as { pid: number }).pid;

  it('is replaced after a crash; what ran in it fails', async () => {
    const before = await pid();
    const slow = host.call('/v1/hang');
    await until(() => host.lines.find((line) => line.startsWith("Executing 'Functions.hang'")));
    expect((await host.call('/v1/crash')).status).toBe(500);
    expect((await slow).status).toBe(500);
    expect(await pid()).not.toBe(before);
    expect(host.lines.join('\n')).toContain(
      'The worker process ended unexpectedly (exit code 1); it is restarted.',
    );
  });

  it('is replaced when an invocation exceeds functionTimeout', async () => {
    const appDir = folder({
      ...only(
        `app.get('hang', () => new Promise(() => {}));\napp.get('pid', () => ({ body: String(process.pid) }));`,
      ),
      'host.json': '{ "version": "2.0", "functionTimeout": "00:00:01" }',
    });
    const own = await runHost(worker, { appDir });
    const before = await (await own.call('/api/pid')).text();
    expect((await own.call('/api/hang')).status).toBe(500);
    expect(await (await own.call('/api/pid')).text()).not.toBe(before);
    expect(own.lines.join('\n')).toContain('Timeout value of 1 s was exceeded by function hang.');
    await own.stop();
  });

  it('is given up after three restarts', async () => {
    const appDir = folder(only(`app.get('crash', () => process.exit(3));`));
    const own = await runHost(worker, { appDir });
    for (let i = 0; i < 4; i += 1) expect((await own.call('/api/crash')).status).toBe(500);
    expect((await own.gaveUp).message).toContain('ended 4 times within 30 minutes (last: exit code 3)');
    await own.stop();
  });
});

describe('an ESM app with HTTP streams', () => {
  it('receives the body as a stream and answers', async () => {
    const own = await runHost(worker, { appDir: join(root, 'test/fixtures/foreign-app-esm') });
    const body = new Uint8Array(300_000);
    const response = await own.call('/api/upload/big', {
      method: 'POST',
      body,
      headers: { 'x-test': 'yes' },
    });
    expect([response.status, await response.text()]).toEqual([200, 'big yes 300000']);
    expect((await own.call('/api/nothing')).status).toBe(204);
    expect((await own.call('/api/fails')).status).toBe(500);
    await own.stop();
  });
});

describe('a start that cannot succeed', () => {
  const reason = async (files: Record<string, string>, env = {}): Promise<string> => {
    try {
      const started = await runHost(worker, { appDir: folder(files), env });
      await started.stop();
      return 'it started';
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };

  it.each([
    ['an empty index', only(''), /^HostError: No functions found/],
    [
      'an entry file that throws',
      only(`throw new Error('broken on purpose');`),
      /^HostError: The entry file app\.js of the app failed to load: broken on purpose$/,
    ],
    [
      'no entry file',
      { ...only(''), 'package.json': '{ "main": "dist/*.js" }' },
      /^HostError: Found zero files matching the supplied pattern: .*dist\/\*\.js/,
    ],
    ['no host.json', { 'package.json': '{ "main": "app.js" }' }, /^HostError: .*host\.json does not exist/],
    [
      'an unknown trigger',
      only(`app.eventHub('hub', { connection: 'C', eventHubName: 'h', handler() {} });`),
      /^HostError: Function hub has the trigger eventHubTrigger, which this host does not run/,
    ],
    [
      'a missing connection',
      only(`app.serviceBusQueue('q', { connection: 'Bus', queueName: 'q', handler() {} });`),
      /^HostError: Function q needs the connection setting Bus, which is not set/,
    ],
    [
      'an unresolved name',
      only(`app.serviceBusQueue('q', { connection: 'Bus', queueName: '%NAME%', handler() {} });`),
      /^HostError: Function q: queueName refers to %NAME%/,
    ],
    [
      'a bad schedule',
      only(`app.timer('t', { schedule: '61 * * * * *', handler() {} });`),
      /^HostError: Function t: the second field "61"/,
    ],
    [
      'a timer without storage',
      only(`app.timer('t', { schedule: '0 0 * * * *', handler() {} });`),
      /^HostError: Timer t needs the connection setting AzureWebJobsStorage/,
    ],
    [
      'a function registered twice',
      only(`app.get('a', () => 1); app.get('a', () => 1);`),
      /A function with id "a" has already been registered/,
    ],
    [
      'an output binding it does not run',
      only(
        `const { output } = require('@azure/functions'); app.get('a', { extraOutputs: [output.table({ connection: 'C', tableName: 't' })], handler() {} });`,
      ),
      /^HostError: Function a has the output binding .* of type table/,
    ],
  ])('says why: %s', async (_, files, expected) => {
    expect(await reason(files, { Bus: undefined })).toMatch(expected);
  });

  it('says that the port is taken', async () => {
    const appDir = folder(only(`app.get('a', () => 1);`));
    await expect(
      startHost({
        appDir,
        port: host.port,
        env: {},
        keys: { master: 'm', function: 'f' },
        worker,
        log: () => undefined,
      }),
    ).rejects.toThrow(`Port ${host.port} is unavailable`);
  });
});
