import type { TokenCredential } from '@azure/identity';
import { BlobServiceClient, RestError, StorageSharedKeyCredential } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { readCertificates } from '../../../local/certificates';
import { audiences, issueToken, readSigningKey, tokenVerifier } from '../../../local/identity';
import { checkPrincipals, startStorageTls, type StorageTls } from '../../../local/storage-tls';
import { azuriteAccount, startWorm, type Worm } from '../../../local/worm';
import { startAzurite } from '../host/azurite';

const tenantId = '11111111-2222-4333-8444-555555555555';
/** Each principal is named by what it may do. */
const principals = [
  { id: 'owner', roles: [{ role: 'Storage Blob Data Owner' }] },
  { id: 'contributor', roles: [{ role: 'Storage Blob Data Contributor', scope: 'records' }] },
  { id: 'reader', roles: [{ role: 'Storage Blob Data Reader' }] },
  { id: 'queues', roles: [{ role: 'Storage Queue Data Contributor' }] },
  { id: 'sender', roles: [{ role: 'Storage Queue Data Message Sender', scope: 'jobs' }] },
  { id: 'processor', roles: [{ role: 'Storage Queue Data Message Processor', scope: 'jobs' }] },
  { id: 'peeker', roles: [{ role: 'Storage Queue Data Reader' }] },
];

const dataDir = mkdtempSync(join(tmpdir(), 'storage-tls-'));
const signingKey = readSigningKey(join(dataDir, 'identity'));
let azurite: Awaited<ReturnType<typeof startAzurite>>;
let worm: Worm;
let blob: StorageTls;
let queue: StorageTls;
const trusted = getCACertificates('default');

beforeAll(async () => {
  azurite = await startAzurite();
  const portOf = (name: string) =>
    Number(new RegExp(`${name}Endpoint=http://127.0.0.1:(\\d+)`).exec(azurite.connection)?.[1]);
  worm = await startWorm({ port: 0, azuritePort: portOf('Blob'), dataDir });
  const { caFile, certFile, keyFile } = await readCertificates(join(dataDir, 'tls'));
  setDefaultCACertificates([...trusted, readFileSync(caFile, 'utf8')]);
  const options = {
    port: 0,
    tls: { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') },
    identities: {
      tenantId,
      principals,
      verify: tokenVerifier(signingKey.jwks, Date.now, audiences.storage),
    },
  };
  blob = await startStorageTls({ ...options, service: 'blob', plainPort: worm.port });
  queue = await startStorageTls({ ...options, service: 'queue', plainPort: portOf('Queue') });
  await fetch(`http://127.0.0.1:${worm.port}/_local/worm/records`, {
    method: 'PUT',
    headers: { 'x-local-key': azuriteAccount.key },
    body: JSON.stringify({ immutableStorageWithVersioning: true }),
  });
  await blobsOf('owner').getContainerClient('records').create();
  await blobsOf('owner').getContainerClient('other').create();
  await queuesOf('queues').getQueueClient('jobs').create();
});
afterAll(async () => {
  setDefaultCACertificates(trusted);
  await Promise.all([blob.stop(), queue.stop()]);
  await worm.stop();
  await azurite.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const token = (id: string, resource = 'https://storage.azure.com', key = signingKey, at = Date.now()) =>
  issueToken(key, tenantId, { name: id, objectId: id, clientId: id, header: '' }, resource, at).token;
const credential = (id: string, text = token(id)): TokenCredential => ({
  getToken: (scopes) => {
    expect([scopes].flat()).toEqual(['https://storage.azure.com/.default']);
    return Promise.resolve({ token: text, expiresOnTimestamp: Date.now() + 3_600_000 });
  },
});
const once = { retryOptions: { maxTries: 1 } };
const blobsOf = (id: string, text?: string) =>
  new BlobServiceClient(blob.endpoint, credential(id, text), once);
const queuesOf = (id: string) => new QueueServiceClient(queue.endpoint, credential(id), once);

const ok = 'ok';
/** What came of it: `ok`, or the status and code of the refusal. */
const outcome = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => ok,
    (error: unknown) => {
      if (!(error instanceof RestError)) throw error;
      return `${error.statusCode} ${error.code}`;
    },
  );
const mismatch = '403 AuthorizationPermissionMismatch';

describe('blobs', () => {
  test('a token writes and reads, with every character that a name and a body may have', async () => {
    const client = blobsOf('contributor').getContainerClient('records').getBlockBlobClient('a b/ä+&=%?.txt');
    const content = Buffer.from('Grüße '.repeat(1000));
    await client.upload(content, content.length, {
      metadata: { One: '1' },
      blobHTTPHeaders: { blobContentType: 'text/plain' },
    });
    expect(await client.downloadToBuffer()).toEqual(content);
    expect(await client.getProperties()).toMatchObject({ metadata: { one: '1' }, contentType: 'text/plain' });
  });

  test('a large blob goes in blocks and comes back whole', async () => {
    const client = blobsOf('contributor').getContainerClient('records').getBlockBlobClient('large');
    const content = Buffer.alloc(3 * 1024 * 1024, 'large ');
    await client.uploadData(content, { blockSize: 1024 * 1024, maxSingleShotSize: 1024 * 1024 });
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(hash(await client.downloadToBuffer())).toBe(hash(content));
  });

  const operations = {
    read: (of: BlobServiceClient, container: string) =>
      of.getContainerClient(container).getBlobClient('x').download(),
    write: (of: BlobServiceClient, container: string) =>
      of.getContainerClient(container).getBlockBlobClient('x').upload('x', 1),
    list: (of: BlobServiceClient, container: string) =>
      of.getContainerClient(container).listBlobsFlat().next(),
    delete: (of: BlobServiceClient, container: string) =>
      of.getContainerClient(container).getBlobClient('x').delete(),
    createContainer: (of: BlobServiceClient) => of.getContainerClient('new').createIfNotExists(),
    listContainers: (of: BlobServiceClient) => of.listContainers().next(),
    getAcl: (of: BlobServiceClient, container: string) => of.getContainerClient(container).getAccessPolicy(),
    hold: (of: BlobServiceClient, container: string) =>
      of.getContainerClient(container).getBlobClient('held').setLegalHold(true),
  } as const;
  test.each<[string, string, Partial<Record<keyof typeof operations, string>>]>([
    [
      'owner',
      'records',
      { write: ok, read: ok, list: ok, getAcl: ok, listContainers: ok, hold: ok, delete: ok },
    ],
    ['contributor', 'records', { write: ok, read: ok, list: ok, delete: ok, createContainer: mismatch }],
    ['contributor', 'records', { getAcl: mismatch, hold: mismatch, listContainers: mismatch }],
    ['contributor', 'other', { write: mismatch, read: mismatch, list: mismatch, delete: mismatch }],
    ['reader', 'other', { read: '404 BlobNotFound', list: ok, listContainers: ok }],
    ['reader', 'records', { write: mismatch, delete: mismatch, createContainer: mismatch, hold: mismatch }],
    ['queues', 'records', { read: mismatch, list: mismatch, listContainers: mismatch }],
    ['nobody', 'records', { read: mismatch, write: mismatch, list: mismatch }],
  ])('%s in %s', async (id, container, expected) => {
    await blobsOf('owner')
      .getContainerClient('records')
      .getBlockBlobClient('held')
      .upload('x', 1)
      .catch(() => undefined);
    const results: Record<string, string> = {};
    for (const name of Object.keys(expected) as (keyof typeof operations)[])
      results[name] = await outcome(operations[name](blobsOf(id), container));
    expect(results).toEqual(expected);
  });

  test('a copy needs the right to read its source, too', async () => {
    await blobsOf('owner').getContainerClient('other').getBlockBlobClient('source').upload('x', 1);
    const source = `${blob.endpoint}/other/source`;
    const copy = (id: string) =>
      blobsOf(id).getContainerClient('records').getBlobClient('copy').beginCopyFromURL(source);
    expect(await outcome(copy('contributor'))).toBe(mismatch);
    expect(await outcome(copy('owner').then((poller) => poller.pollUntilDone()))).toBe(ok);
  });

  test('a policy set with a token is honoured', async () => {
    const client = blobsOf('owner').getContainerClient('records').getBlockBlobClient('kept');
    await client.upload('x', 1);
    await client.setImmutabilityPolicy({
      expiriesOn: new Date(Date.now() + 86_400_000),
      policyMode: 'Unlocked',
    });
    expect(await outcome(client.delete())).toBe('409 BlobImmutableDueToPolicy');
    await client.deleteImmutabilityPolicy();
    expect(await outcome(client.delete())).toBe(ok);
  });

  const other = readSigningKey(join(dataDir, 'somebody-else'));
  test.each([
    ['of another audience', () => token('owner', 'https://vault.azure.net')],
    ['that is over', () => token('owner', undefined, undefined, Date.now() - 25 * 3_600_000)],
    ['signed by somebody else', () => token('owner', undefined, other)],
    ['that is none', () => 'no.token.atall'],
  ])('a token %s is refused with a challenge', async (_, text) => {
    const work = blobsOf('owner', text()).getContainerClient('records').getProperties();
    expect(await outcome(work)).toBe('401 InvalidAuthenticationInfo');
    const { status, challenge } = await get('/records?restype=container', {
      authorization: `Bearer ${text()}`,
    });
    expect(status).toBe(401);
    expect(challenge).toBe(
      `Bearer authorization_uri=https://login.microsoftonline.com/${tenantId}/oauth2/authorize resource_id=https://storage.azure.com`,
    );
  });

  test('a key opens it, too; no key and no token do not', async () => {
    const key = new StorageSharedKeyCredential(azuriteAccount.name, azuriteAccount.key);
    const client = new BlobServiceClient(blob.endpoint, key, once).getContainerClient('records');
    expect(await outcome(client.getProperties())).toBe(ok);
    expect((await get('/records?restype=container', {})).status).toBe(403);
  });

  test('what needs a token in each of its parts is refused by name', async () => {
    const batch = blobsOf('owner').getBlobBatchClient();
    const client = blobsOf('owner').getContainerClient('records').getBlobClient('x');
    expect(await outcome(batch.deleteBlobs([client]))).toBe('501 NotImplemented');
  });

  async function get(path: string, headers: Record<string, string>) {
    const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      request(`${blob.endpoint}${path}`, { headers: { 'x-ms-version': '2021-12-02', ...headers } }, resolve)
        .on('error', reject)
        .end();
    });
    await buffer(answer);
    return { status: answer.statusCode, challenge: answer.headers['www-authenticate'] };
  }
});

describe('queues', () => {
  const operations = {
    send: (of: QueueServiceClient, name: string) => of.getQueueClient(name).sendMessage('x'),
    peek: (of: QueueServiceClient, name: string) => of.getQueueClient(name).peekMessages(),
    receive: (of: QueueServiceClient, name: string) => of.getQueueClient(name).receiveMessages(),
    clear: (of: QueueServiceClient, name: string) => of.getQueueClient(name).clearMessages(),
    create: (of: QueueServiceClient) => of.getQueueClient('new').createIfNotExists(),
    list: (of: QueueServiceClient) => of.listQueues().next(),
  } as const;
  test.each<[string, string, Partial<Record<keyof typeof operations, string>>]>([
    ['queues', 'jobs', { create: ok, list: ok, send: ok, peek: ok, receive: ok, clear: ok }],
    ['sender', 'jobs', { send: ok, peek: mismatch, receive: mismatch, clear: mismatch, create: mismatch }],
    ['sender', 'new', { send: mismatch }],
    ['processor', 'jobs', { receive: ok, peek: ok, send: mismatch, clear: mismatch }],
    ['peeker', 'jobs', { peek: ok, list: ok, receive: mismatch, send: mismatch }],
    ['owner', 'jobs', { peek: mismatch, send: mismatch }],
  ])('%s in %s', async (id, name, expected) => {
    const results: Record<string, string> = {};
    for (const operation of Object.keys(expected) as (keyof typeof operations)[])
      results[operation] = await outcome(operations[operation](queuesOf(id), name));
    expect(results).toEqual(expected);
  });

  test('a message is received, renewed and deleted with tokens', async () => {
    await queuesOf('queues').getQueueClient('jobs').clearMessages();
    await queuesOf('sender').getQueueClient('jobs').sendMessage('{"ä": 1}');
    const client = queuesOf('processor').getQueueClient('jobs');
    const [message] = (await client.receiveMessages()).receivedMessageItems;
    expect(message?.messageText).toBe('{"ä": 1}');
    const { messageId = '', popReceipt = '' } = message ?? {};
    const update = queuesOf('queues')
      .getQueueClient('jobs')
      .updateMessage(messageId, popReceipt, undefined, 60);
    const { popReceipt: renewed = '' } = await update;
    expect(await outcome(client.deleteMessage(messageId, renewed))).toBe(ok);
  });
});

test('a role that is none is told at the start', () => {
  expect(() => checkPrincipals([{ id: 'x', roles: [{ role: 'Storage Blob Owner' }] }])).toThrow(
    "'Storage Blob Owner' of principal x is no built-in role of Storage.",
  );
});
