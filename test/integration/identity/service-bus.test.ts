import { ServiceBusClient } from '@azure/service-bus';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { readCertificates } from '../../../local/certificates';
import { issueToken, readSigningKey } from '../../../local/identity';
import { parseEmulatorConfig, startServiceBus, type ServiceBus } from '../../../local/servicebus';
import { readIdentities } from '../../../local/servicebus/access';

const dataDir = mkdtempSync(join(tmpdir(), 'bus-identity-'));
const signingKey = readSigningKey(dataDir);
const stranger = readSigningKey(join(dataDir, 'stranger'));
const owner = 'Azure Service Bus Data Owner';
const sender = 'Azure Service Bus Data Sender';
const receiver = 'Azure Service Bus Data Receiver';
const identities = {
  jwks: signingKey.jwks,
  principals: [
    { id: 'owner', roles: [{ role: owner }] },
    { id: 'sender', roles: [{ role: sender }] },
    { id: 'receiver', roles: [{ role: receiver }] },
    { id: 'of-one', roles: [{ role: owner, scope: 'one' }] },
    { id: 'of-topic', roles: [{ role: receiver, scope: 'events' }] },
  ],
};

let bus: ServiceBus;
/** How far the broker's clock is ahead. */
let ahead = 0;
const trusted = getCACertificates('default');
const clients: ServiceBusClient[] = [];
beforeAll(async () => {
  const { caFile, certFile, keyFile } = await readCertificates(join(dataDir, 'tls'));
  setDefaultCACertificates([...trusted, readFileSync(caFile, 'utf8')]);
  const file = join(dataDir, 'identities.json');
  writeFileSync(file, JSON.stringify(identities));
  const Topics = [{ Name: 'events', Subscriptions: [{ Name: 'all' }] }];
  const namespace = { Name: 'n', Queues: [{ Name: 'one' }, { Name: 'two' }], Topics };
  bus = await startServiceBus({
    port: 0,
    dataDir,
    config: parseEmulatorConfig({ UserConfig: { Namespaces: [namespace] } }),
    sharedAccessKey: 'key',
    now: () => Date.now() + ahead,
    identities: readIdentities(file),
    tls: { port: 0, cert: readFileSync(certFile), key: readFileSync(keyFile) },
  });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await bus.stop();
  setDefaultCACertificates(trusted);
  rmSync(dataDir, { recursive: true, force: true });
});

interface Token {
  key?: typeof signingKey;
  resource?: string;
  /** When it was issued; it lasts for a day. */
  at?: number | (() => number);
}

function clientOf(id: string, { key = signingKey, resource, at = Date.now() }: Token = {}): ServiceBusClient {
  const principal = { name: id, objectId: id, clientId: id, header: '' };
  const credential = {
    getToken: (scopes: string | string[]) => {
      const wanted = resource ?? String(scopes).replace(/\/\.default$/, '');
      const { token } = issueToken(key, 'tenant', principal, wanted, typeof at === 'number' ? at : at());
      return Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
    },
  };
  const client = new ServiceBusClient(`localhost:${bus.tlsPort}`, credential, {
    retryOptions: { maxRetries: 0, timeoutInMs: 10_000 },
  });
  clients.push(client);
  return client;
}

const send = (id: string, entity: string, token?: Token) =>
  clientOf(id, token).createSender(entity).sendMessages({ body: id });
const peek = (id: string, entity: string) => clientOf(id).createReceiver(entity).peekMessages(1);
const receive = (id: string, entity: string) =>
  clientOf(id)
    .createReceiver(entity, { receiveMode: 'receiveAndDelete' })
    .receiveMessages(1, { maxWaitTimeInMs: 500 });
const schedule = (id: string, entity: string) =>
  clientOf(id)
    .createSender(entity)
    .scheduleMessages({ body: id }, new Date(Date.now() + 3_600_000));
const rules = (id: string) =>
  clientOf(id).createRuleManager('events', 'all').createRule('more', { sqlExpression: '1=1' });

async function fate(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
}

test('a token over TLS: send, peek, receive', async () => {
  await send('owner', 'one');
  expect((await peek('owner', 'one')).map(({ body }) => String(body))).toEqual(['owner']);
  expect((await receive('owner', 'one')).map(({ body }) => String(body))).toEqual(['owner']);
});

test.each<[string, string, (id: string, entity: string) => Promise<unknown>, string]>([
  ['sender', 'one', send, 'ok'],
  ['sender', 'one', schedule, 'ok'],
  ['sender', 'one', receive, 'UnauthorizedAccess'],
  ['sender', 'one', peek, 'UnauthorizedAccess'],
  ['receiver', 'one', receive, 'ok'],
  ['receiver', 'one', peek, 'ok'],
  ['receiver', 'one', send, 'UnauthorizedAccess'],
  ['receiver', 'one', schedule, 'UnauthorizedAccess'],
  ['of-one', 'one', send, 'ok'],
  ['of-one', 'two', send, 'UnauthorizedAccess'],
  ['of-one', 'two', receive, 'UnauthorizedAccess'],
  ['of-topic', 'events/Subscriptions/all', receive, 'ok'],
  ['of-topic', 'two', receive, 'UnauthorizedAccess'],
  ['nobody', 'one', send, 'UnauthorizedAccess'],
  ['owner', 'events/Subscriptions/all', rules, 'ok'],
  ['receiver', 'events/Subscriptions/all', rules, 'UnauthorizedAccess'],
])('%s on %s: %p is %s', async (id, entity, call, expected) => {
  expect(await fate(call(id, entity))).toBe(expected);
});

test('a token of a stranger, for another service or out of date is refused', async () => {
  const yesterday = Date.now() - 25 * 3_600_000;
  expect(await fate(send('owner', 'one', { key: stranger }))).toBe('UnauthorizedAccess');
  expect(await fate(send('owner', 'one', { resource: 'https://vault.azure.net' }))).toBe(
    'UnauthorizedAccess',
  );
  expect(await fate(send('owner', 'one', { at: yesterday }))).toBe('UnauthorizedAccess');
});

describe('a token that expires', () => {
  const day = 24 * 3_600_000;
  const left = 10 * 60_000;
  /** The first token has ten minutes left. */
  const then = (later: number) => {
    let issued = 0;
    return () => (issued++ === 0 ? Date.now() - day + left : later);
  };
  afterEach(() => (ahead = 0));

  test('takes the links along', async () => {
    const sender = clientOf('owner', { at: then(Date.now() - day) }).createSender('two');
    const body = { body: 'with the first token' };
    expect(await fate(sender.sendMessages(body))).toBe('ok');
    expect(await fate(sender.sendMessages(body))).toBe('ok');
    ahead = left;
    // A message that is under way when its link goes has no answer: the client gives it up.
    for (let last = ''; last !== 'UnauthorizedAccess';) last = await fate(sender.sendMessages(body));
  });

  test('a client with a new one comes back by itself', async () => {
    let tokens = 0;
    const next = then(Date.now());
    const at = () => {
      tokens += 1;
      return next();
    };
    const receiver = clientOf('of-one', { at }).createReceiver('one');
    const bodies = new Set<unknown>();
    let onBody = (): void => undefined;
    receiver.subscribe({
      processMessage: ({ body }) => {
        bodies.add(body);
        onBody();
        return Promise.resolve();
      },
      processError: () => Promise.resolve(),
    });
    const sender = clientOf('owner').createSender('one');
    const arrival = async (body: string): Promise<void> => {
      await sender.sendMessages({ body });
      while (!bodies.has(body)) await new Promise<void>((resolve) => (onBody = resolve));
    };
    await arrival('before');
    const before = tokens;
    ahead = left;
    while (tokens === before) await new Promise((resolve) => setTimeout(resolve, 50));
    await arrival('after');
  });
});

test('the connection string goes on working beside it, without TLS', async () => {
  const client = new ServiceBusClient(bus.connectionString);
  clients.push(client);
  expect(await fate(client.createSender('two').sendMessages({ body: 'x' }))).toBe('ok');
});

test('a misspelt role stops the start', () => {
  const file = join(dataDir, 'wrong.json');
  writeFileSync(
    file,
    JSON.stringify({ ...identities, principals: [{ id: 'a', roles: [{ role: 'Owner' }] }] }),
  );
  expect(() => readIdentities(file)).toThrow(/'Owner' of principal a is no role of Service Bus/);
});
