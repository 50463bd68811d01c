import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHostJson } from '../../../local/host/host-json';
import { retryDelay } from '../../../local/host/retry';
import { appEnvironment, connectionString, isDisabled, resolveSettings } from '../../../local/host/settings';

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
    expect(connectionString('Bus', { Bus: 'text' }, 'f')).toBe('text');
    expect(connectionString('Storage', { AzureWebJobsStorage: 'text' }, 'f')).toBe('text');
    expect(() => connectionString('Bus', {}, 'Function f')).toThrow(
      'Function f needs the connection setting Bus, which is not set',
    );
    expect(() => connectionString('Bus', { Bus__fullyQualifiedNamespace: 'ns' }, 'Function f')).toThrow(
      'identity group',
    );
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
    expect(settings).toMatchObject({ functionTimeoutMs: 600_000, functions: ['a'], routePrefix: 'v1' });
    expect(settings.serviceBus).toMatchObject({
      maxConcurrentCalls: 3,
      prefetchCount: 5,
      maxAutoLockRenewalMs: 60_000,
      autoComplete: false,
    });
  });

  it('has the defaults of Azure', () => {
    const settings = read({ version: '2.0' });
    expect(settings).toMatchObject({ functionTimeoutMs: 1_800_000, routePrefix: 'api' });
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
