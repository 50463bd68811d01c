import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BlobSASPermissions,
  BlobServiceClient,
  BlockBlobClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  RestError,
  StorageSharedKeyCredential,
  type ContainerClient,
} from '@azure/storage-blob';
import { azuriteAccount, startWorm, type Worm } from '../../../local/worm';
import { startAzurite } from '../host/azurite';
import { until } from '../host/support';

const DAY = 86_400_000;
/** Whole seconds, as headers have them. */
const START = Math.floor(Date.now() / 1000) * 1000;
const inDays = (days: number): Date => new Date(START + days * DAY);
const credential = new StorageSharedKeyCredential(azuriteAccount.name, azuriteAccount.key);

let azurite: { connection: string; stop(): Promise<void> };
let azuritePort: number;
let worm: Worm;
let dataDir: string;
let clock = 0;
let service: BlobServiceClient;
let container: ContainerClient;
let plain: ContainerClient;
let count = 0;

async function open(): Promise<void> {
  worm = await startWorm({ port: 0, azuritePort, dataDir, now: () => Date.now() + clock });
  service = new BlobServiceClient(worm.endpoint, credential, { retryOptions: { maxTries: 1 } });
  container = service.getContainerClient('records');
  plain = service.getContainerClient('plain');
}

beforeAll(async () => {
  azurite = await startAzurite();
  azuritePort = Number(/BlobEndpoint=http:\/\/127\.0\.0\.1:(\d+)/.exec(azurite.connection)?.[1]);
  dataDir = mkdtempSync(join(tmpdir(), 'worm-'));
  await open();
  await container.create();
  await plain.create();
  await settings('records', { immutableStorageWithVersioning: true });
});
afterAll(async () => {
  await worm.stop();
  await azurite.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
afterEach(() => (clock = 0));

async function settings(name: string, body?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${worm.port}/_local/worm/${name}`, {
    method: body ? 'PUT' : 'GET',
    headers: { 'x-local-key': azuriteAccount.key },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return { status: response.status, body: response.ok ? JSON.parse(text) : text };
}

const withDefault = (days: number, mode: string) => ({
  immutableStorageWithVersioning: true,
  defaultPolicy: { days, mode },
});

async function uploaded(name = `blob ${(count += 1)}/ä+&.txt`, content = 'one'): Promise<BlockBlobClient> {
  const blob = container.getBlockBlobClient(name);
  await blob.upload(content, content.length);
  return blob;
}

async function locked(): Promise<BlockBlobClient> {
  const blob = await uploaded();
  await blob.setImmutabilityPolicy({ expiriesOn: inDays(3), policyMode: 'Locked' });
  return blob;
}

/** What the service said, for comparing. */
async function failure(work: Promise<unknown>): Promise<unknown[]> {
  try {
    await work;
    return ['no failure'];
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    return [error.statusCode, error.code];
  }
}
const text = async (blob: BlockBlobClient): Promise<string> => (await blob.downloadToBuffer()).toString();
const BY_POLICY = [409, 'BlobImmutableDueToPolicy'];
const BY_HOLD = [409, 'BlobImmutableDueToLegalHold'];

describe('what passes through', () => {
  test('names, metadata and content as they were sent', async () => {
    const blob = container.getBlockBlobClient('a b/ü%2F+?#&.bin');
    await blob.upload('content', 7, {
      metadata: { one: 'two' },
      blobHTTPHeaders: { blobContentType: 'a/b' },
    });
    expect(await blob.getProperties()).toMatchObject({ metadata: { one: 'two' }, contentType: 'a/b' });
    expect(await text(blob)).toBe('content');
    await blob.delete();
  });

  test('large uploads in blocks, ranges of downloads', async () => {
    const blob = container.getBlockBlobClient('large');
    const bytes = Buffer.alloc(9 * 1024 * 1024, 'abcdefg');
    await blob.uploadData(bytes, { blockSize: 4 * 1024 * 1024, maxSingleShotSize: 1024 });
    expect((await blob.downloadToBuffer()).equals(bytes)).toBe(true);
    expect((await blob.downloadToBuffer(5, 7)).toString()).toBe('fgabcde');
  });

  test('a wrong key is refused by Azurite', async () => {
    const other = new StorageSharedKeyCredential(
      azuriteAccount.name,
      Buffer.from('other').toString('base64'),
    );
    const client = new BlobServiceClient(worm.endpoint, other, { retryOptions: { maxTries: 1 } });
    expect(await failure(client.getContainerClient('records').getProperties())).toEqual([
      403,
      'AuthorizationFailure',
    ]);
  });

  test('conditions, leases, snapshots, tags and copies', async () => {
    const blob = await uploaded();
    expect(await failure(blob.upload('x', 1, { conditions: { ifNoneMatch: '*' } }))).toEqual([
      409,
      'BlobAlreadyExists',
    ]);
    const lease = blob.getBlobLeaseClient();
    await lease.acquireLease(15);
    expect((await failure(blob.delete()))[0]).toBe(412);
    await lease.releaseLease();
    const { snapshot } = await blob.createSnapshot();
    await blob.upload('two', 3);
    expect(await text(blob.withSnapshot(snapshot ?? '') as BlockBlobClient)).toBe('one');
    await blob.setTags({ kind: 'x' });
    const copy = container.getBlockBlobClient('copy');
    await copy.syncCopyFromURL(blob.url);
    expect(await text(copy)).toBe('two');
    await blob.delete({ deleteSnapshots: 'include' });
  });
});

describe('policies of a blob', () => {
  test('an unlocked one is set, told, changed and deleted', async () => {
    const blob = await uploaded();
    const until = inDays(5);
    expect(await blob.setImmutabilityPolicy({ expiriesOn: until })).toMatchObject({
      immutabilityPolicyExpiry: until,
      immutabilityPolicyMode: 'unlocked',
    });
    expect(await blob.getProperties()).toMatchObject({
      immutabilityPolicyExpiresOn: until,
      immutabilityPolicyMode: 'unlocked',
    });
    await blob.setImmutabilityPolicy({ expiriesOn: inDays(1) });
    expect((await blob.download()).immutabilityPolicyExpiresOn).toEqual(inDays(1));
    await blob.deleteImmutabilityPolicy();
    expect((await blob.getProperties()).immutabilityPolicyExpiresOn).toBeUndefined();
    await blob.delete();
  });

  test('the ETag stays', async () => {
    const blob = await uploaded();
    const { etag } = await blob.getProperties();
    await blob.setImmutabilityPolicy({ expiriesOn: inDays(1) });
    expect((await blob.getProperties()).etag).toBe(etag);
  });

  test.each<[string, (blob: BlockBlobClient) => Promise<unknown>]>([
    ['delete', (blob) => blob.delete()],
    ['deleteIfExists', (blob) => blob.deleteIfExists({ deleteSnapshots: 'include' })],
    ['Put Blob', (blob) => blob.upload('two', 3)],
    ['Put Block List', (blob) => blob.commitBlockList([])],
    ['metadata', (blob) => blob.setMetadata({ a: 'b' })],
    ['a copy onto it', async (blob) => blob.syncCopyFromURL((await uploaded('source')).url)],
    ['a started copy onto it', async (blob) => blob.beginCopyFromURL((await uploaded('source')).url)],
    ['an append', (blob) => container.getAppendBlobClient(blob.name).appendBlock('x', 1)],
    ['a page', (blob) => container.getPageBlobClient(blob.name).uploadPages(Buffer.alloc(512), 0, 512)],
    ['an append blob of its name', (blob) => container.getAppendBlobClient(blob.name).create()],
  ])('an active one forbids %s', async (_, work) => {
    const blob = await uploaded();
    await blob.setImmutabilityPolicy({ expiriesOn: inDays(2) });
    expect(await failure(work(blob))).toEqual(BY_POLICY);
    expect(await text(blob)).toBe('one');
  });

  test('it forbids neither tier, tags, headers nor a snapshot', async () => {
    const blob = await locked();
    await blob.setAccessTier('Cool');
    await blob.setTags({ a: 'b' });
    await blob.setHTTPHeaders({ blobContentType: 'text/plain' });
    await blob.createSnapshot();
    await blob.delete({ deleteSnapshots: 'only' });
    expect(await text(blob)).toBe('one');
  });

  test('a locked one is extended', async () => {
    const blob = await locked();
    await blob.setImmutabilityPolicy({ expiriesOn: inDays(30), policyMode: 'Locked' });
    expect(await blob.getProperties()).toMatchObject({
      immutabilityPolicyExpiresOn: inDays(30),
      immutabilityPolicyMode: 'locked',
    });
  });

  test.each<[string, (blob: BlockBlobClient) => Promise<unknown>]>([
    ['shortened', (blob) => blob.setImmutabilityPolicy({ expiriesOn: inDays(2), policyMode: 'Locked' })],
    ['unlocked', (blob) => blob.setImmutabilityPolicy({ expiriesOn: inDays(9), policyMode: 'Unlocked' })],
    ['deleted', (blob) => blob.deleteImmutabilityPolicy()],
  ])('a locked one cannot be %s', async (_, work) => {
    const blob = await locked();
    expect(await failure(work(blob))).toEqual(BY_POLICY);
    expect(await blob.getProperties()).toMatchObject({
      immutabilityPolicyExpiresOn: inDays(3),
      immutabilityPolicyMode: 'locked',
    });
  });

  test('after its end the blob may go, but not be changed in place', async () => {
    const blob = await locked();
    clock = 4 * DAY;
    expect(await failure(blob.setMetadata({ a: 'b' }))).toEqual(BY_POLICY);
    expect(await failure(blob.deleteImmutabilityPolicy())).toEqual(BY_POLICY);
    await blob.delete();
    await blob.upload('new', 3);
    expect((await blob.getProperties()).immutabilityPolicyExpiresOn).toBeUndefined();
  });

  test('a date in the past, or none, is refused', async () => {
    const blob = await uploaded();
    expect(await failure(blob.setImmutabilityPolicy({ expiriesOn: inDays(-1) }))).toEqual([
      400,
      'InvalidHeaderValue',
    ]);
    expect(await failure(blob.setImmutabilityPolicy({ policyMode: 'Locked' }))).toEqual([
      400,
      'InvalidHeaderValue',
    ]);
  });

  test('a blob that is not there has none', async () => {
    const blob = container.getBlockBlobClient('nowhere');
    expect(await failure(blob.setImmutabilityPolicy({ expiriesOn: inDays(1) }))).toEqual([
      404,
      'BlobNotFound',
    ]);
  });

  test('a container without support for immutability has none', async () => {
    const blob = plain.getBlockBlobClient('x');
    await blob.upload('x', 1);
    const refusal = [409, 'ImmutableStorageWithVersioningNotEnabled'];
    expect(await failure(blob.setImmutabilityPolicy({ expiriesOn: inDays(1) }))).toEqual(refusal);
    expect(await failure(blob.setLegalHold(true))).toEqual(refusal);
    expect(await failure(blob.upload('y', 1, { legalHold: true }))).toEqual(refusal);
    expect(await text(blob)).toBe('x');
  });
});

describe('legal holds', () => {
  test('one is set, told and taken away', async () => {
    const blob = await uploaded();
    expect((await blob.setLegalHold(true)).legalHold).toBe(true);
    expect((await blob.getProperties()).legalHold).toBe(true);
    expect(await failure(blob.delete())).toEqual(BY_HOLD);
    expect(await failure(blob.upload('two', 3))).toEqual(BY_HOLD);
    expect((await blob.setLegalHold(false)).legalHold).toBe(false);
    expect((await blob.getProperties()).legalHold).toBe(false);
    await blob.delete();
  });

  test('a policy that is set, or deleted, leaves it', async () => {
    const blob = await uploaded();
    await blob.setLegalHold(true);
    await blob.setImmutabilityPolicy({ expiriesOn: inDays(1) });
    expect((await blob.getProperties()).legalHold).toBe(true);
    await blob.deleteImmutabilityPolicy();
    expect((await blob.getProperties()).legalHold).toBe(true);
    expect(await failure(blob.delete())).toEqual(BY_HOLD);
  });

  test('it outlives the policy, and the policy the hold', async () => {
    const blob = await locked();
    await blob.setLegalHold(true);
    clock = 4 * DAY;
    expect(await failure(blob.delete())).toEqual(BY_HOLD);
    clock = 0;
    await blob.setLegalHold(false);
    expect(await failure(blob.delete())).toEqual(BY_POLICY);
  });
});

describe('uploads', () => {
  test('with policy and hold', async () => {
    const blob = container.getBlockBlobClient('with policy');
    const immutabilityPolicy = { expiriesOn: inDays(7), policyMode: 'Unlocked' as const };
    await blob.upload('one', 3, { immutabilityPolicy, legalHold: true });
    expect(await blob.getProperties()).toMatchObject({
      immutabilityPolicyExpiresOn: inDays(7),
      immutabilityPolicyMode: 'unlocked',
      legalHold: true,
    });
    expect(await failure(blob.delete())).toEqual(BY_HOLD);
  });

  test('in blocks with a policy', async () => {
    const blob = container.getBlockBlobClient('blocks with policy');
    const id = Buffer.from('1').toString('base64');
    await blob.stageBlock(id, 'one', 3);
    await blob.commitBlockList([id], { immutabilityPolicy: { expiriesOn: inDays(7), policyMode: 'Locked' } });
    expect(await failure(blob.delete())).toEqual(BY_POLICY);
    expect(await text(blob)).toBe('one');
  });

  test('that fail protect nothing', async () => {
    const blob = await uploaded();
    const options = {
      conditions: { ifNoneMatch: '*' },
      immutabilityPolicy: { expiriesOn: inDays(7), policyMode: 'Locked' as const },
    };
    expect((await failure(blob.upload('two', 3, options)))[0]).toBe(409);
    await blob.delete();
  });

  /** A piece of an upload with a policy; the promise that the layer has made of it shows that it is under way. */
  async function begun(blob: BlockBlobClient, mode: 'Locked' | 'Unlocked'): Promise<ClientRequest> {
    const permissions = BlobSASPermissions.parse('w');
    const { containerName, name: blobName } = blob;
    const values = { containerName, blobName, expiresOn: inDays(1), permissions };
    const url = `${blob.url}?${generateBlobSASQueryParameters(values, credential).toString()}`;
    const headers = {
      'content-length': 6,
      'x-ms-blob-type': 'BlockBlob',
      'x-ms-version': '2021-12-02',
      'x-ms-immutability-policy-until-date': inDays(7).toUTCString(),
      'x-ms-immutability-policy-mode': mode,
    };
    const put = request(url, { method: 'PUT', headers });
    put.write('one');
    await until(async () => ((await blob.getProperties()).immutabilityPolicyMode ? true : undefined));
    return put;
  }

  test('that break off protect nothing, and leave what was there', async () => {
    const blob = await uploaded();
    const put = await begun(blob, 'Locked');
    const broken = once(put, 'error').catch((error: unknown) => error);
    put.destroy(new Error('the client went away'));
    await broken;
    expect(await text(blob)).toBe('one');
    await blob.delete();
  });

  test('come to their end before a policy is set that would forbid them', async () => {
    const [blob, other] = [await uploaded(), await uploaded()];
    const ends: string[] = [];
    const put = await begun(blob, 'Unlocked');
    const upload = once(put, 'response').then(([answer]) => {
      ends.push('upload');
      (answer as IncomingMessage).resume();
      return (answer as IncomingMessage).statusCode;
    });
    const policy = blob
      .setImmutabilityPolicy({ expiriesOn: inDays(1), policyMode: 'Locked' })
      .then(() => ends.push('policy'));
    // That much the layer does for another blob while this one waits for its turn.
    for (let i = 0; i < 5; i++) await other.setImmutabilityPolicy({ expiriesOn: inDays(2 + i) });
    put.end('two');
    expect(await upload).toBe(201);
    await policy;
    expect(ends).toEqual(['upload', 'policy']);
    expect(await text(blob)).toBe('onetwo');
  });

  test('get the default of their container, which a locked default can only extend', async () => {
    await service.getContainerClient('defaults').create();
    const set = (days: number, mode: string) =>
      settings('defaults', { immutableStorageWithVersioning: true, defaultPolicy: { days, mode } });
    await set(2, 'unlocked');
    const blob = service.getContainerClient('defaults').getBlockBlobClient('x');
    await blob.upload('x', 1);
    const { immutabilityPolicyExpiresOn: until, immutabilityPolicyMode: mode } = await blob.getProperties();
    expect(mode).toBe('unlocked');
    expect(Math.abs((until?.getTime() ?? 0) - inDays(2).getTime())).toBeLessThan(DAY / 2);
    expect((await set(9, 'locked')).status).toBe(200);
    expect((await set(8, 'locked')).status).toBe(409);
    expect((await settings('defaults', { immutableStorageWithVersioning: false })).status).toBe(409);
    expect((await settings('defaults')).body).toEqual({
      immutableStorageWithVersioning: true,
      defaultPolicy: { days: 9, mode: 'locked' },
    });
  });
});

describe('containers', () => {
  test('tell whether they support immutability', async () => {
    expect((await container.getProperties()).isImmutableStorageWithVersioningEnabled).toBe(true);
    expect((await plain.getProperties()).isImmutableStorageWithVersioningEnabled).toBe(false);
  });

  test('support it for ever', async () => {
    expect((await settings('records', { immutableStorageWithVersioning: false })).status).toBe(409);
    expect((await settings('records')).body).toEqual({ immutableStorageWithVersioning: true });
  });

  test('list it', async () => {
    const blob = await uploaded("list <&'ä>");
    await blob.setImmutabilityPolicy({ expiriesOn: inDays(1), policyMode: 'Locked' });
    await blob.setLegalHold(true);
    const options = { prefix: 'list', includeImmutabilityPolicy: true, includeLegalHold: true };
    for await (const { name, properties } of container.listBlobsFlat(options)) {
      expect(name).toBe("list <&'ä>");
      expect(properties).toMatchObject({
        immutabilityPolicyExpiresOn: inDays(1),
        immutabilityPolicyMode: 'locked',
        legalHold: true,
      });
    }
    expect.assertions(2);
  });

  test('do not tell of it at the snapshots, which have none', async () => {
    const blob = await uploaded('list with snapshot');
    const { snapshot = '' } = await blob.createSnapshot();
    await blob.setLegalHold(true);
    const options = { prefix: blob.name, includeSnapshots: true, includeLegalHold: true };
    const found: unknown[] = [];
    for await (const item of container.listBlobsFlat(options)) {
      found.push([item.snapshot ?? 'current', item.properties.legalHold]);
    }
    expect(found).toEqual([
      [snapshot, undefined],
      ['current', true],
    ]);
    expect((await blob.withSnapshot(snapshot).getProperties()).legalHold).toBeUndefined();
    await blob.withSnapshot(snapshot).delete();
    expect(await failure(blob.delete())).toEqual(BY_HOLD);
  });

  test.each<[string, string, unknown, number]>([
    ['another key', 'other', { immutableStorageWithVersioning: true }, 403],
    ['no yes or no', azuriteAccount.key, { defaultPolicy: { days: 1, mode: 'locked' } }, 400],
    ['no days', azuriteAccount.key, withDefault(0, 'locked'), 400],
    ['too many days', azuriteAccount.key, withDefault(146_001, 'locked'), 400],
    ['an unknown mode', azuriteAccount.key, withDefault(1, 'closed'), 400],
  ])('are not enabled with %s', async (_, key, body, status) => {
    const answer = await fetch(`http://127.0.0.1:${worm.port}/_local/worm/refused`, {
      method: 'PUT',
      headers: { 'x-local-key': key },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(status);
    expect((await settings('refused')).body).toEqual({ immutableStorageWithVersioning: false });
  });

  test('must be empty to be deleted', async () => {
    const client = service.getContainerClient('to-delete');
    await client.create();
    await settings('to-delete', { immutableStorageWithVersioning: true });
    const blob = client.getBlockBlobClient('x');
    await blob.upload('x', 1);
    expect(await failure(client.delete())).toEqual(BY_POLICY);
    await blob.delete();
    await client.delete();
    expect((await settings('to-delete')).body).toEqual({ immutableStorageWithVersioning: false });
  });

  test('a batch does not delete what is protected', async () => {
    const [free, held] = [await uploaded(), await locked()];
    const batch = service.getBlobBatchClient();
    expect(await failure(batch.deleteBlobs([free.url, held.url], credential))).toEqual(BY_POLICY);
    expect(await failure(batch.deleteBlobs([held.url, free.url], credential))).toEqual(BY_POLICY);
    expect(await text(held)).toBe('one');
    expect((await batch.deleteBlobs([free.url], credential)).subResponsesSucceededCount).toBe(1);
  });
});

describe('other ways to the same blob', () => {
  const ask = (method: string, path: string): Promise<Response> => {
    const permissions = ContainerSASPermissions.parse('rwd');
    const values = { containerName: 'records', expiresOn: inDays(1), permissions };
    const sas = generateBlobSASQueryParameters(values, credential).toString();
    return fetch(`http://127.0.0.1:${worm.port}/${path}?${sas}`, { method });
  };

  test('a backslash in its name is a slash', async () => {
    const blob = await uploaded('folder/way');
    await blob.setImmutabilityPolicy({ expiriesOn: inDays(1) });
    expect((await ask('DELETE', 'devstoreaccount1/records/folder%5Cway')).status).toBe(409);
    expect(await text(blob)).toBe('one');
  });

  test('its secondary address tells of it', async () => {
    const blob = await uploaded('secondary');
    await blob.setImmutabilityPolicy({ expiriesOn: inDays(1) });
    const { status, headers } = await ask('HEAD', 'devstoreaccount1-secondary/records/secondary');
    expect([status, headers.get('x-ms-immutability-policy-mode')]).toEqual([200, 'unlocked']);
  });

  test('a batch of more than 4 MiB is refused', async () => {
    const body = Buffer.alloc(4 * 1024 * 1024 + 1);
    const url = `${worm.endpoint}?comp=batch`;
    const { status, headers } = await fetch(url, { method: 'POST', body });
    expect([status, headers.get('x-ms-error-code')]).toEqual([413, 'RequestBodyTooLarge']);
  });
});

describe('who may', () => {
  const expiresOn = inDays(1);
  const withSas = (blob: BlockBlobClient, permissions: string, key = credential): BlockBlobClient => {
    const { containerName, name: blobName } = blob;
    const values = { containerName, blobName, expiresOn, permissions: BlobSASPermissions.parse(permissions) };
    const url = `${blob.url}?${generateBlobSASQueryParameters(values, key).toString()}`;
    return new BlockBlobClient(url, undefined, { retryOptions: { maxTries: 1 } });
  };

  test('a signature with the permission i sets a policy, and cannot get around it', async () => {
    const blob = await uploaded();
    await withSas(blob, 'ri').setImmutabilityPolicy({ expiriesOn: inDays(1) });
    expect(await failure(withSas(blob, 'rwd').delete())).toEqual(BY_POLICY);
    expect(await failure(withSas(blob, 'rw').upload('two', 3))).toEqual(BY_POLICY);
    await withSas(blob, 'i').deleteImmutabilityPolicy();
    await withSas(blob, 'd').delete();
  });

  test('a condition that does not hold; the SDK sends none', async () => {
    const { url } = withSas(await uploaded(), 'i');
    const set = (since: Date): Promise<Response> =>
      fetch(`${url}&comp=immutabilityPolicies`, {
        method: 'PUT',
        headers: {
          'x-ms-immutability-policy-until-date': inDays(1).toUTCString(),
          'if-unmodified-since': since.toUTCString(),
        },
      });
    const refused = await set(new Date(0));
    expect([refused.status, refused.headers.get('x-ms-error-code')]).toEqual([412, 'ConditionNotMet']);
    expect((await set(inDays(1))).status).toBe(200);
  });

  test('without it, or with a wrong signature, nothing', async () => {
    const blob = await locked();
    const policy = { expiriesOn: inDays(20), policyMode: 'Locked' as const };
    expect(await failure(withSas(blob, 'rwd').setImmutabilityPolicy(policy))).toEqual([
      403,
      'AuthorizationPermissionMismatch',
    ]);
    expect(await failure(withSas(blob, 'r').delete())).toEqual([403, 'AuthorizationPermissionMismatch']);
    const other = new StorageSharedKeyCredential(
      azuriteAccount.name,
      Buffer.from('other').toString('base64'),
    );
    expect(await failure(withSas(blob, 'ri', other).setImmutabilityPolicy(policy))).toEqual([
      403,
      'AuthenticationFailed',
    ]);
  });

  test('a wrong key learns nothing of the policy', async () => {
    const blob = await locked();
    const other = new StorageSharedKeyCredential(
      azuriteAccount.name,
      Buffer.from('other').toString('base64'),
    );
    const client = new BlobServiceClient(worm.endpoint, other, { retryOptions: { maxTries: 1 } })
      .getContainerClient('records')
      .getBlockBlobClient(blob.name);
    expect(await failure(client.delete())).toEqual([403, 'AuthenticationFailed']);
    expect(await failure(client.setLegalHold(true))).toEqual([403, 'AuthenticationFailed']);
    expect((await fetch(blob.url, { method: 'DELETE' })).status).toBe(403);
  });

  test('a signature of the container', async () => {
    const blob = await uploaded();
    const permissions = ContainerSASPermissions.parse('rwdi');
    const sas = generateBlobSASQueryParameters(
      { containerName: 'records', expiresOn, permissions },
      credential,
    );
    const client = new BlobServiceClient(`${worm.endpoint}?${sas.toString()}`)
      .getContainerClient('records')
      .getBlockBlobClient(blob.name);
    await client.setLegalHold(true);
    expect(await failure(client.delete())).toEqual(BY_HOLD);
  });
});

test('protection survives a restart', async () => {
  const { name } = await locked();
  await worm.stop();
  await open();
  expect(await failure(container.deleteBlob(name))).toEqual(BY_POLICY);
});

test('what was promised for an upload that never came binds nobody', async () => {
  const blob = container.getBlockBlobClient('never came');
  // As after a crash between the promise and the content.
  await blob.upload('x', 1, { immutabilityPolicy: { expiriesOn: inDays(1), policyMode: 'Locked' } });
  const past = new BlobServiceClient(`http://127.0.0.1:${azuritePort}/devstoreaccount1`, credential);
  await past.getContainerClient('records').deleteBlob('never came');
  await blob.upload('y', 1);
  expect((await blob.getProperties()).immutabilityPolicyExpiresOn).toBeUndefined();
});

test('snapshots have no policy of their own here', async () => {
  const blob = await uploaded();
  const { snapshot } = await blob.createSnapshot();
  expect(
    await failure(blob.withSnapshot(snapshot ?? '').setImmutabilityPolicy({ expiriesOn: inDays(1) })),
  ).toEqual([501, 'NotImplemented']);
});
