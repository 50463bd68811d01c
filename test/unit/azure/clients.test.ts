import topology from '../../../topology.json';
import {
  createAzure,
  createKeyWrap,
  type BlobContainer,
  type BrokerEntity,
  type ContainerPath,
} from '../../../src/lib/azure';
import type { Config, Connection } from '../../../src/lib/config';

const connectionString = (value: string): Connection => ({ kind: 'connectionString', value });
const key = Buffer.alloc(32).toString('base64');
const connections: Config['connections'] = {
  cosmos: connectionString(`AccountEndpoint=http://127.0.0.1:1/;AccountKey=${key};`),
  serviceBus: connectionString(
    'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;',
  ),
  storage: connectionString(
    `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${key};BlobEndpoint=http://127.0.0.1:1/a;`,
  ),
};

it('names only what the topology has', () => {
  const paths: Record<ContainerPath, true> = {
    'clinical/resources': true,
    'clinical/messages': true,
    'audit/events': true,
    'audit/keys': true,
    'audit/log': true,
    'audit/projections': true,
    'config/tenants': true,
    'config/policies': true,
  };
  const entities: Record<BrokerEntity, true> = {
    'hl7-messages': true,
    'hl7-rejected': true,
    'audit-ingest': true,
    'clinical-events': true,
  };
  const blobs: Record<BlobContainer, true> = {
    'hl7-raw': true,
    'audit-archive': true,
    'audit-checkpoints': true,
    reports: true,
  };
  const { Namespaces } = topology.UserConfig;
  const known = {
    paths: topology.Cosmos.databases.flatMap(({ id, containers }) =>
      containers.map((each) => `${id}/${each.id}`),
    ),
    entities: Namespaces.flatMap(({ Queues, Topics }) => [...Queues, ...Topics].map(({ Name }) => Name)),
    blobs: topology.Blobs.map((each) => (typeof each === 'string' ? each : each.name)),
  };
  expect(known.paths).toEqual(expect.arrayContaining(Object.keys(paths)));
  expect(known.entities).toEqual(expect.arrayContaining(Object.keys(entities)));
  expect(known.blobs).toEqual(expect.arrayContaining(Object.keys(blobs)));
});

it('makes one client and one sender, and connects to nothing before it is used', async () => {
  const azure = createAzure(connections);
  const [one, two] = await Promise.all([azure.sender('audit-ingest'), azure.sender('audit-ingest')]);
  expect(one).toBe(two);
  expect(await azure.serviceBusClient()).toBe(await azure.serviceBusClient());
  expect((await azure.container('audit/keys')).url).toBe('dbs/audit/colls/keys');
  expect((await azure.blobContainer('hl7-raw')).url).toBe('http://127.0.0.1:1/a/hl7-raw');
  await azure.close();
  await createAzure(connections).close();
});

it('signs in with an identity where a setting is a group', async () => {
  const identity = (endpoint: string): Connection => ({
    kind: 'identity',
    endpoint,
    credential: 'managedidentity',
    clientId: 'c',
  });
  const azure = createAzure({
    cosmos: identity('https://name.documents.azure.com/'),
    serviceBus: identity('name.servicebus.windows.net'),
    storage: identity('https://name.blob.core.windows.net'),
  });
  expect((await azure.serviceBusClient()).fullyQualifiedNamespace).toBe('name.servicebus.windows.net');
  const container = await azure.blobContainer('hl7-raw');
  expect(container.url).toBe('https://name.blob.core.windows.net/hl7-raw');
  expect(container.credential.constructor.name).toBe('ManagedIdentityCredential');
  await azure.close();
});

describe('the keeper of the key', () => {
  const config = (overrides: Partial<Config>): Config => ({
    connections,
    defaultTenant: 'demo',
    environment: 'Development',
    keyFile: undefined,
    keyVault: undefined,
    maxInlineBytes: 1,
    retryDelaysSeconds: [],
    configDir: '/',
    ...overrides,
  });
  it.each<[string, Partial<Config>, string]>([
    ['a key file outside Development', { keyFile: 'k', environment: undefined }, 'KEY_FILE_REFUSED'],
    ['nothing at all', {}, 'CONFIG_INVALID'],
  ])('stops the start at %s', (_, overrides, code) => {
    expect(() => createKeyWrap(config(overrides))).toThrow(expect.objectContaining({ code }) as Error);
  });
});
