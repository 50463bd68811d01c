import type { Config } from '../../../src/lib/config';
import { createServices } from '../../../src/lib/services';

/** In the order in which they were first asked for. */
const mockLoaded = new Set<string>();
const mockNoting = (name: string): object => {
  mockLoaded.add(name);
  return jest.requireActual<object>(name);
};
jest.mock('@azure/cosmos', () => mockNoting('@azure/cosmos'));
jest.mock('@azure/identity', () => mockNoting('@azure/identity'));
jest.mock('@azure/service-bus', () => mockNoting('@azure/service-bus'));
jest.mock('@azure/storage-blob', () => mockNoting('@azure/storage-blob'));

const identity = (endpoint: string) =>
  ({ kind: 'identity', endpoint, credential: 'managedidentity' }) as const;
const connections: Config['connections'] = {
  cosmos: { kind: 'connectionString', value: 'AccountEndpoint=http://127.0.0.1:1/;AccountKey=a2V5;' },
  serviceBus: {
    kind: 'connectionString',
    value: 'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;',
  },
  storage: identity('https://name.blob.core.windows.net'),
};

it('loads an SDK when something of it is first used, and no other with it', async () => {
  const { azure } = createServices('medrelay-test', {
    connections,
    defaultTenant: 'demo',
    environment: 'Development',
    keyFile: '/nowhere/kek.json',
    keyVault: undefined,
    maxInlineBytes: 204_800,
    retryDelaysSeconds: [60],
    configDir: 'config',
  });
  expect([...mockLoaded]).toEqual([]);
  await azure.container('clinical/resources');
  expect([...mockLoaded]).toEqual(['@azure/cosmos']);
  await azure.sender('hl7-messages');
  expect([...mockLoaded]).toEqual(['@azure/cosmos', '@azure/service-bus']);
  await azure.blobContainer('hl7-raw');
  expect([...mockLoaded].slice(2).sort()).toEqual(['@azure/identity', '@azure/storage-blob']);
  await azure.close();
});
