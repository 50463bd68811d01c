import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionOf, endpointOf } from '../../../local/host/connections';
import { readHostJson } from '../../../local/host/host-json';
import { retryDelay } from '../../../local/host/retry';
import { appEnvironment, isDisabled, resolveSettings } from '../../../local/host/settings';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'settings-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the environment of the app', () => {
  const write = (settings: unknown): void =>
    writeFileSync(join(dir, 'local.settings.json'), JSON.stringify(settings));

  it('adds local.settings.json, where what is set already wins and is named', () => {
    write({ IsEncrypted: false, Values: { A: 'file', B: 'file', n: 1 }, ConnectionStrings: { Db: 'text' } });
    const lines: string[] = [];
    expect(appEnvironment(dir, { A: 'given' }, 7071, (line) => lines.push(line))).toEqual({
      A: 'given',
      B: 'file',
      'ConnectionStrings:Db': 'text',
      FUNCTIONS_WORKER_RUNTIME: 'node',
      AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
      AzureWebJobsScriptRoot: dir,
      WEBSITE_HOSTNAME: 'localhost:7071',
    });
    expect(lines).toEqual([
      "Skipping 'A' from local settings as it's already defined in current environment variables.",
    ]);
  });

  it('refuses an encrypted file and broken JSON', () => {
    write({ Values: {} });
    expect(() => appEnvironment(dir, {}, 1, () => undefined)).toThrow('"IsEncrypted": false');
    writeFileSync(join(dir, 'local.settings.json'), '{');
    expect(() => appEnvironment(dir, {}, 1, () => undefined)).toThrow('is not valid JSON');
  });
});

describe('settings in bindings', () => {
  it('are replaced wherever they stand', () => {
    expect(resolveSettings('a-%X%-%Y%', { X: '1', Y: '2' }, 'f')).toBe('a-1-2');
    expect(() => resolveSettings('%X%', {}, 'Function f: queueName')).toThrow(
      'Function f: queueName refers to %X%',
    );
  });

  it('name a connection by itself or with the AzureWebJobs prefix', () => {
    expect(connectionOf('Bus', 'serviceBus', { Bus: 'text' }, 'f')).toEqual({ name: 'Bus', text: 'text' });
    expect(connectionOf('Storage', 'blobs', { AzureWebJobsStorage: 'text' }, 'f')).toMatchObject({
      text: 'text',
    });
    expect(connectionOf('Db', 'cosmosDb', { 'ConnectionStrings:Db': 'text' }, 'f')).toMatchObject({
      text: 'text',
    });
    expect(() => connectionOf('Bus', 'serviceBus', {}, 'Function f')).toThrow(
      'Function f needs the connection setting Bus, which is not set',
    );
  });

  it('name an identity group by its endpoints', () => {
    const group = (env: Record<string, string>, service: Parameters<typeof endpointOf>[1]): string => {
      const connection = connectionOf('C', service, env, 'Function f');
      return 'group' in connection ? endpointOf(connection.group, service) : 'text';
    };
    expect(group({ C__fullyQualifiedNamespace: 'ns.example', C__clientId: 'id' }, 'serviceBus')).toBe(
      'ns.example',
    );
    expect(group({ c__ACCOUNTENDPOINT: 'https://db' }, 'cosmosDb')).toBe('https://db');
    expect(group({ C__serviceUri: 'https://all', C__blobServiceUri: 'https://blobs' }, 'blobs')).toBe(
      'https://blobs',
    );
    expect(group({ C__serviceUri: 'https://all' }, 'queues')).toBe('https://all');
    expect(group({ AzureWebJobsC__accountName: 'acc' }, 'queues')).toBe('https://acc.queue.core.windows.net');
    expect(group({ C: 'text', C__serviceUri: 'https://all' }, 'queues')).toBe('text');
    expect(() => group({ C__credential: 'managedidentity' }, 'queues')).toThrow('C__queueServiceUri');
  });

  it('disable a function', () => {
    expect(isDisabled('f', { 'AzureWebJobs.f.Disabled': 'true' })).toBe(true);
    expect(isDisabled('f', { AzureWebJobs_f_Disabled: '1' })).toBe(true);
    expect(isDisabled('f', { 'AzureWebJobs.f.Disabled': 'false' })).toBe(false);
    expect(isDisabled('f', {})).toBe(false);
  });
});

describe('host.json', () => {
  const read = (content: unknown): ReturnType<typeof readHostJson> => {
    writeFileSync(join(dir, 'host.json'), JSON.stringify(content));
    return readHostJson(dir);
  };

  it('is honoured where this host has the setting', () => {
    const settings = read({
      version: '2.0',
      functionTimeout: '00:10:00',
      functions: ['a'],
      logging: { anything: 'goes' },
      extensions: {
        http: { routePrefix: '/v1/' },
        serviceBus: {
          maxConcurrentCalls: 3,
          prefetchCount: 5,
          maxAutoLockRenewalDuration: '00:01:00',
          autoCompleteMessages: false,
        },
      },
    });
    expect(settings).toMatchObject({
      functionTimeoutMs: 600_000,
      functions: ['a'],
      http: { routePrefix: 'v1' },
    });
    expect(settings.serviceBus).toMatchObject({
      maxConcurrentCalls: 3,
      prefetchCount: 5,
      maxAutoLockRenewalMs: 60_000,
      autoComplete: false,
    });
  });

  it('has the defaults of Azure', () => {
    const settings = read({ version: '2.0' });
    expect(settings).toMatchObject({ functionTimeoutMs: 1_800_000, http: { routePrefix: 'api' } });
    expect(settings.serviceBus).toMatchObject({
      prefetchCount: 0,
      maxAutoLockRenewalMs: 300_000,
      autoComplete: true,
    });
    expect(settings.serviceBus.maxConcurrentCalls % 16).toBe(0);
    expect(read({ version: '2.0', functionTimeout: -1 }).functionTimeoutMs).toBeUndefined();
  });

  it('is refused with the place of the fault', () => {
    expect(() => read({ version: '1.0' })).toThrow('version must be "2.0"');
    expect(() => read({ version: '2.0', extensions: { serviceBus: { maxConcurrentCalls: 0 } } })).toThrow(
      'extensions.serviceBus.maxConcurrentCalls',
    );
  });
});

describe('the delay of a retry', () => {
  it('is fixed, or grows from the minimum to the maximum', () => {
    const fixed = { maxRetryCount: 3, retryStrategy: 'fixedDelay', delayInterval: { seconds: 5 } };
    expect([1, 2, 3].map((retry) => retryDelay(fixed, retry, 0.5))).toEqual([5000, 5000, 5000]);
    const growing = {
      maxRetryCount: -1,
      retryStrategy: 'exponentialBackoff',
      minimumInterval: { seconds: 1 },
      maximumInterval: { seconds: 10 },
    };
    expect([1, 2, 3, 4, 5, 50].map((retry) => Math.round(retryDelay(growing, retry, 0.5)))).toEqual([
      1000, 2000, 4000, 8000, 10000, 10000,
    ]);
    expect(retryDelay(growing, 2, 0)).toBe(1600);
  });
});
