import * as path from 'node:path';
import { loadConfig } from '../../../src/lib/config';

const good = {
  ServiceBusConnection:
    'Endpoint=sb://name.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=SECRET',
  CosmosDBConnection: 'AccountEndpoint=https://localhost:8081/;AccountKey=SECRET;',
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  DEFAULT_TENANT: 'demo',
  AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
  MEDRELAY_KEY_FILE: '.medrelay/keys/kek.json',
};

it('reads connection strings and fills in the defaults', () => {
  expect(loadConfig(good)).toEqual({
    connections: {
      serviceBus: { kind: 'connectionString', value: good.ServiceBusConnection },
      cosmos: { kind: 'connectionString', value: good.CosmosDBConnection },
      storage: { kind: 'connectionString', value: 'UseDevelopmentStorage=true' },
    },
    defaultTenant: 'demo',
    environment: 'Development',
    keyFile: '.medrelay/keys/kek.json',
    keyVault: undefined,
    maxInlineBytes: 204_800,
    retryDelaysSeconds: [60, 300, 900, 3600],
    configDir: path.resolve('config'),
  });
});

it('reads identity groups', () => {
  const { connections, configDir, maxInlineBytes } = loadConfig({
    ...good,
    ServiceBusConnection: undefined,
    ServiceBusConnection__fullyQualifiedNamespace: 'name.servicebus.windows.net',
    CosmosDBConnection: '',
    CosmosDBConnection__accountEndpoint: 'https://name.documents.azure.com:443/',
    CosmosDBConnection__credential: 'managedidentity',
    CosmosDBConnection__clientId: 'id',
    AzureWebJobsStorage: undefined,
    AzureWebJobsStorage__accountName: 'name',
    MEDRELAY_MAX_INLINE_BYTES: '900000',
    AzureWebJobsScriptRoot: '/home/site/wwwroot',
  });
  expect(connections).toEqual({
    serviceBus: { kind: 'identity', endpoint: 'name.servicebus.windows.net' },
    cosmos: {
      kind: 'identity',
      endpoint: 'https://name.documents.azure.com:443/',
      credential: 'managedidentity',
      clientId: 'id',
    },
    storage: { kind: 'identity', endpoint: 'https://name.blob.core.windows.net' },
  });
  expect([configDir, maxInlineBytes]).toEqual(['/home/site/wwwroot/config', 900_000]);
});

function faultsOf(env: Record<string, string | undefined>): string {
  try {
    loadConfig(env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return (error as Error).message;
  }
  return '';
}

it('names everything that is missing at once', () => {
  const message = faultsOf({});
  for (const name of [
    'ServiceBusConnection',
    'CosmosDBConnection',
    'AzureWebJobsStorage',
    'DEFAULT_TENANT',
    'KEY_VAULT_URL',
  ]) {
    expect(message).toContain(`  ${name}: is missing. Set it`);
  }
});

it.each([
  ['ServiceBusConnection', 'Endpoint=SECRET'],
  ['ServiceBusConnection', 'Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=SECRET'],
  ['CosmosDBConnection', 'AccountKey=SECRET'],
  ['AzureWebJobsStorage', 'SECRET'],
  ['DEFAULT_TENANT', 'SECRET|x'],
  ['KEY_VAULT_URL', 'SECRET'],
  ['MEDRELAY_MAX_INLINE_BYTES', 'SECRET'],
  ['MEDRELAY_MAX_INLINE_BYTES', '12'],
  ['RETRY_DELAYS_SECONDS', 'SECRET'],
])('names a wrong %s without quoting it', (name, value) => {
  const message = faultsOf({ ...good, [name]: value });
  expect(message).toContain(`\n  ${name}: `);
  expect(message).not.toContain('SECRET');
});

it('accepts a broker on this machine that is said to be an emulator', () => {
  const value =
    'Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;';
  expect(faultsOf({ ...good, ServiceBusConnection: value })).toBe('');
});
