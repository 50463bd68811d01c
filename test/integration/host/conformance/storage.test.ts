import { openEndpoint, onStandIn, type Endpoint, type Seen } from './endpoint';
import { until } from '../support';

let at: Endpoint;
beforeAll(async () => {
  at = await openEndpoint();
});
afterAll(() => at?.stop());

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const queueNamed = async (name: string) => {
  const queue = at.queues.getQueueClient(name);
  await queue.createIfNotExists();
  return queue;
};
const put = async (name: string, text: string): Promise<void> => {
  await (await queueNamed(name)).sendMessage(text);
};
const taken = (name: string, count: number): Promise<string[]> =>
  until(async () => {
    const queue = at.queues.getQueueClient(name);
    if (!(await queue.exists())) return undefined;
    const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
    return peekedMessageItems.length >= count
      ? peekedMessageItems.map(({ messageText }) => messageText)
      : undefined;
  });
const upload = async (container: string, name: string, text: string, metadata = {}): Promise<void> => {
  const client = at.blobs.getContainerClient(container);
  await client.createIfNotExists();
  await client.getBlockBlobClient(name).upload(text, Buffer.byteLength(text), {
    metadata,
    blobHTTPHeaders: { blobContentType: 'text/x-given' },
  });
};
const downloaded = (container: string, name: string): Promise<string> =>
  until(() =>
    at.blobs
      .getContainerClient(container)
      .getBlobClient(name)
      .downloadToBuffer()
      .then(
        (bytes) => bytes.toString(),
        () => undefined,
      ),
  );
const inputIs =
  (input: unknown) =>
  (entry: Seen): boolean =>
    JSON.stringify(entry.input) === JSON.stringify(input);

describe('a storage queue', () => {
  it('hands over a text with the properties of its message', async () => {
    await put('work', base64('plain'));
    const [entry] = await at.received('onQueue', 1, inputIs('plain'));
    expect(entry?.metadata).toEqual({
      queueTrigger: 'plain',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      popReceipt: expect.any(String),
      dequeueCount: 1,
      insertionTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      expirationTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      nextVisibleTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it('hands over JSON as an object, whose scalars hide properties of the same name', async () => {
    await put('work', base64('{"ID":"mine","DequeueCount":7,"own":true,"deep":{"a":1},"none":null}'));
    const [entry] = await at.received('onQueue', 1, ({ input }) => (input as { ID?: string }).ID === 'mine');
    expect(entry?.input).toEqual({ ID: 'mine', DequeueCount: 7, own: true, deep: { a: 1 }, none: null });
    // Numbers and booleans arrive as .NET's texts, and the text of a number is parsed again.
    expect(entry?.metadata).toMatchObject({ id: 'mine', dequeueCount: 7, own: 'True' });
    expect(entry?.metadata).not.toHaveProperty('deep');
    expect(entry?.metadata).not.toHaveProperty('none');
  });

  it('shows a failed message again until it succeeds, and removes it then', async () => {
    await put('bad-work', base64('{"until":3}'));
    const all = await at.received('onBadQueue', 3, inputIs({ until: 3 }));
    expect(all.map(({ metadata }) => metadata?.['dequeueCount'])).toEqual([1, 2, 3]);
    await until(async () => {
      const { approximateMessagesCount } = await at.queues.getQueueClient('bad-work').getProperties();
      return approximateMessagesCount === 0 ? true : undefined;
    });
  });

  it('moves a message to the poison queue after five tries', async () => {
    await put('bad-work', base64('{"never":1}'));
    expect(await taken('bad-work-poison', 1)).toEqual([base64('{"never":1}')]);
    expect(await at.received('onBadQueue', 5, inputIs({ never: 1 }))).toHaveLength(5);
  });

  it('moves what is no Base64 to the poison queue without a call', async () => {
    await put('work', 'not *Base64*');
    expect(await taken('work-poison', 1)).toEqual(['not *Base64*']);
    // At once: no later try could read it.
    const told = at.standIn?.host.lines.filter((line) => line.includes('is not Base64'));
    expect(told ?? ['once']).toHaveLength(1);
    expect((await at.seen('onQueue')).some(({ input }) => String(input).includes('Base64'))).toBe(false);
  });
});

describe('a blob container', () => {
  const named = (name: string) => (entry: Seen) => entry.metadata?.['blobTrigger'] === name;

  it('hands over a new blob as bytes with the parts of its name', async () => {
    await upload('inbox', 'a/first.part.hl7', 'one', { Sender: 'lab' });
    const [entry] = await at.received('onBlob', 1, named('inbox/a/first.part.hl7'));
    expect(entry?.input).toEqual({ hex: Buffer.from('one').toString('hex') });
    expect(entry?.metadata).toMatchObject({
      folder: 'a',
      name: 'first.part',
      extension: 'hl7',
      blobTrigger: 'inbox/a/first.part.hl7',
      uri: expect.stringMatching(/\/inbox\/a\/first\.part\.hl7$/),
      metadata: { sender: 'lab' },
      properties: expect.objectContaining({
        contentLength: 3,
        contentType: 'text/x-given',
        eTag: expect.any(String),
      }),
    });
  });

  it('hands over a changed blob again', async () => {
    await upload('inbox', 'b/changed.txt', 'before');
    await at.received('onBlob', 1, named('inbox/b/changed.txt'));
    await upload('inbox', 'b/changed.txt', 'after');
    const both = await at.received('onBlob', 2, named('inbox/b/changed.txt'));
    expect(both.map(({ input }) => Buffer.from((input as { hex: string }).hex, 'hex').toString())).toEqual([
      'before',
      'after',
    ]);
  });

  it('leaves names alone that do not match', async () => {
    await upload('inbox', 'nofolder.txt', 'x');
    await upload('inbox', 'c/noextension', 'x');
    await upload('inbox', 'c/last.txt', 'x');
    await at.received('onBlob', 1, named('inbox/c/last.txt'));
    const names = (await at.seen('onBlob')).map(({ metadata }) => metadata?.['blobTrigger']);
    expect(names).not.toContain('inbox/nofolder.txt');
    expect(names).not.toContain('inbox/c/noextension');
  });

  it('sends a blob that fails five times to the poison queue', async () => {
    await upload('bad-inbox', 'bad.txt', 'x');
    const [message = ''] = await taken('webjobs-blobtrigger-poison', 1);
    expect(JSON.parse(Buffer.from(message, 'base64').toString())).toMatchObject({
      Type: 'BlobTrigger',
      FunctionId: 'Host.Functions.onBadBlob',
      BlobType: 'BlockBlob',
      ContainerName: 'bad-inbox',
      BlobName: 'bad.txt',
      ETag: expect.any(String),
    });
    expect(await at.received('onBadBlob', 5)).toHaveLength(5);
  });
});

describe('output bindings', () => {
  const write = async (to: string, name: string, body: object): Promise<number> =>
    (await at.call(`/api/write/${to}/${name}?kind=k`, { method: 'POST', body: JSON.stringify(body) })).status;

  it('write texts, objects and arrays to a queue, which is made when it is missing', async () => {
    expect(await write('queue', 'a', { value: 'text' })).toBe(201);
    expect(await write('queue', 'a', { value: { n: 1 } })).toBe(201);
    expect(await write('queue', 'a', { value: ['x', { y: 2 }] })).toBe(201);
    expect((await taken('out-one', 4)).sort()).toEqual(
      ['text', '{"n":1}', 'x', '{"y":2}'].map(base64).sort(),
    );
  });

  it.each([
    ['a text', { value: 'text' }, 'text'],
    ['an object', { value: { a: 1 } }, '{"a":1}'],
    ['a number', { value: 7 }, '7'],
    ['bytes', { base64: base64('\u0000bytes') }, '\u0000bytes'],
  ])('write %s as a blob at a path of expressions', async (what, body, expected) => {
    const name = what.replaceAll(' ', '-');
    expect(await write('blob', name, body)).toBe(201);
    expect(await downloaded('made', `${name}-k.txt`)).toBe(expected);
  });

  it('write nothing where the function set nothing', async () => {
    expect(await write('blob', 'unset', {})).toBe(201);
    const blob = at.blobs.getContainerClient('made').getBlobClient('unset-k.txt');
    expect(await blob.exists()).toBe(false);
  });

  it('fail the invocation when they cannot be written, or their path cannot be made', async () => {
    expect(await write('blob', 'x', { value: 'no kind' })).toBe(201);
    const noKind = await at.call('/api/write/blob/x', { method: 'POST', body: '{"value":"text"}' });
    expect(noKind.status).toBe(500);
    expect(await write('cosmos', 'x', { value: 'no document' })).toBe(500);
  });

  it('take the properties of a queue message in expressions, and the return value', async () => {
    await put('to-copy', base64('{"id":"c1","text":"copied text"}'));
    expect(await downloaded('copies', 'c1')).toBe('copied text');
    expect((await taken('copied', 2)).sort()).toEqual([base64('copied c1'), base64('{"id":"c1"}')].sort());
  });
});

describe('input bindings', () => {
  it('read a blob as bytes, and as text where that is asked for', async () => {
    await upload('given', 'there', 'höre');
    expect(await (await at.call('/api/blob/there')).json()).toEqual({
      isBuffer: true,
      hex: Buffer.from('höre').toString('hex'),
      text: 'höre',
    });
  });

  it('are undefined for a blob that is not there', async () => {
    expect(await (await at.call('/api/blob/missing')).json()).toEqual({
      isBuffer: false,
      hex: null,
      text: null,
    });
  });

  it('read an item by its id, and by a query whose expression is a parameter', async () => {
    await at.cosmos.database('shop').container('given').items.create({ id: "i'1", pk: 'p' });
    const id = encodeURIComponent("i'1");
    expect(await (await at.call(`/api/item/${id}?pk=p`)).json()).toEqual({
      one: expect.objectContaining({ id: "i'1", pk: 'p' }),
      some: ["i'1"],
    });
    expect(await (await at.call('/api/item/none?pk=p')).json()).toEqual({ one: null, some: [] });
  });
});

describe('after a restart', () => {
  onStandIn('blobs that have their receipt stay alone, others are taken', async () => {
    await upload('inbox', 'd/old.txt', 'old');
    await at.received('onBlob', 1, (entry) => entry.metadata?.['name'] === 'old');
    const { host } = at.standIn ?? {};
    await host?.drain();
    await upload('inbox', 'd/new.txt', 'new');
    await at.standIn?.restart();
    await at.received('onBlob', 1, (entry) => entry.metadata?.['name'] === 'new');
    expect((await at.seen('onBlob')).map(({ metadata }) => metadata?.['name'])).toEqual(['new']);
  });
});
