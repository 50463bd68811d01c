import { CosmosClient } from '@azure/cosmos';
import { cpSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { cleanUp, folder, root, scripts, stackOf, start, until } from './medrelay';

afterAll(cleanUp);

// As a developer has it who knows Microsoft's emulators and nothing of Medrelay.
const emulators = {
  FUNCTIONS_WORKER_RUNTIME: 'node',
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  ServiceBusConnection:
    'Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;',
  COSMOS_CONNECTION: 'AccountEndpoint=https://localhost:8081/;AccountKey=some-key;',
  TIMER_SCHEDULE: '* * * * * *',
};

/** Of a process and its children; Linux says it, elsewhere it is not asked. */
function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const own = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean),
  );
  return children.reduce((sum, child) => sum + residentMegabytes(Number(child)), own);
}

test.each([
  ['with connection strings', []],
  ['with an identity', ['--identity']],
])(
  'an app in the style of the quickstarts runs as it is, %s: every trigger hands on to the next',
  async (_, more) => {
    const [appDir, dataDir] = [join(folder(), 'orders'), join(folder(), 'data')];
    cpSync(join(root, 'test/fixtures/quickstart-app'), appDir, { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(appDir, 'node_modules'));
    writeFileSync(
      join(appDir, 'local.settings.json'),
      JSON.stringify({ IsEncrypted: false, Values: emulators }),
    );
    const stack = start(scripts.medrelay, [
      'start',
      '--app',
      appDir,
      '--data',
      dataDir,
      ...['--ports', 'auto', ...more],
    ]);
    const output = await stack.printed('is ready');
    for (const line of ['httpTrigger1: [GET,POST] http://localhost:', 'timerTrigger1: timerTrigger']) {
      expect(output).toContain(line);
    }
    const { pid, host, cosmos, functionKeys, operator } = stackOf(dataDir);
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(operator.caFile, 'utf8')]);
    // Everything the stack runs, before it has anything to do.
    if (process.platform === 'linux') expect(residentMegabytes(pid)).toBeLessThan(700);
    const call = (path: string, init?: RequestInit): Promise<Response> => fetch(`${host.url}${path}`, init);

    expect(await (await call('/api/httpTrigger1?name=Functions')).text()).toBe('Hello, Functions!');

    // HTTP -> Service Bus -> Cosmos DB -> Service Bus batch and blob -> queue -> orchestration -> Cosmos DB.
    const order = (id: string, key: string): Promise<Response> =>
      call('/api/orders', {
        method: 'POST',
        headers: { 'x-functions-key': key },
        body: JSON.stringify({ id, customer: 'c' }),
      });
    expect((await order('none', 'wrong')).status).toBe(401);
    for (const id of ['1', '2']) expect((await order(id, functionKeys.function)).status).toBe(202);
    const client = new CosmosClient(cosmos.connectionString);
    const results = client.database('shop').container('results');
    const expected = ['parcel-1', 'parcel-2', 'shipped-1', 'shipped-2', 'timer'];
    const found = await until(async () => {
      const { resources } = await results.items
        .query<{ id: string; steps?: string[] }>('SELECT c.id, c.steps FROM c ORDER BY c.id')
        .fetchAll();
      return resources.length === expected.length ? resources : undefined;
    });
    client.dispose();
    expect(found.map(({ id }) => id)).toEqual(expected);
    expect(found[2]?.steps).toEqual(['packed 1', 'sent 1']);

    const begun = await call('/api/orchestrators/shipOrder', { method: 'POST', body: '{"order":"3"}' });
    expect(begun.status).toBe(202);
    const { statusQueryGetUri } = (await begun.json()) as { statusQueryGetUri: string };
    const status = await until(async () => {
      const answer = await fetch(statusQueryGetUri);
      return answer.status === 200 ? ((await answer.json()) as object) : undefined;
    });
    expect(status).toMatchObject({ runtimeStatus: 'Completed', output: ['packed 3', 'sent 3'] });

    stack.interrupt();
    expect((await stack.ended).code).toBe(0);
  },
);
