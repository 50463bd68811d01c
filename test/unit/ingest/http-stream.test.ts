import { receiveHttp } from '../../../src/lib/ingest/http';
import { receiveHttpStream } from '../../../src/lib/ingest/http-stream';
import { Away, MemoryWorld } from './memory-ports';
import { adt, oru } from './messages';

async function* inPieces(text: string, size = 50): AsyncGenerator<Uint8Array, void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const receive = async (world: MemoryWorld, text: string, maxInlineBytes: number, tenant?: string) => {
  const { status, ack } = await receiveHttpStream(inPieces(text), tenant, world.ports({ maxInlineBytes }));
  return { status, ack: ack.join('') };
};
const msa = (ack: string): string[] => ack.split('\r').filter((line) => line.startsWith('MSA|'));
const long = 2 * adt().length + 10;
const batch = (...messages: string[]): string => `BHS|^~\\&\r${messages.join('')}BTS|${messages.length}\r`;

test('a short body is one body, answered as if it had come at once', async () => {
  for (const text of ['', 'hello', adt(), batch(adt(), oru()), JSON.stringify(adt())]) {
    const [streamed, whole] = [new MemoryWorld(), new MemoryWorld()];
    const { status, ack } = await receive(streamed, text, 100_000);
    expect({ status, ack }).toEqual(await receiveHttp(Buffer.from(text), undefined, whole.ports()));
    expect(streamed.queued.map(({ body }) => body)).toEqual(whole.queued.map(({ body }) => body));
  }
});

test('a long batch goes as several bodies of whole messages, the acceptable ones in their order', async () => {
  const world = new MemoryWorld();
  const ids = ['1', '2', '', '4', '5', '6'];
  const text = batch(...ids.map((controlId) => adt({ controlId })));
  const { status, ack } = await receive(world, text, long);
  expect(status).toBe(200);
  expect(msa(ack).map((line) => line.split('|').slice(1, 3).join(' '))).toEqual([
    'AA 1',
    'AA 2',
    'AE',
    'AA 4',
    'AA 5',
    'AA 6',
  ]);
  expect(ack).toMatch(/^BHS\|.*\rBTS\|6\r$/s);
  expect(world.queued.length).toBeGreaterThan(2);
  const sent = world.queued.map(({ body }) => Buffer.from(body).toString()).join('');
  expect(sent.match(/MSH\|/g)).toHaveLength(5);
  expect(sent.replaceAll('\r', '')).toBe(
    ids
      .filter((id) => id)
      .map((controlId) => adt({ controlId }))
      .join('')
      .replaceAll('\r', ''),
  );
  for (const { body } of world.queued) expect(body.length).toBeLessThanOrEqual(long);
});

test('its acknowledgement has the control id that the whole body would get', async () => {
  const text = batch(adt(), adt({ controlId: 'B' }), oru());
  const streamed = await receive(new MemoryWorld(), text, long);
  const whole = await receiveHttp(Buffer.from(text), undefined, new MemoryWorld().ports());
  expect(streamed.ack.split('\r')[0]).toBe(whole.ack.split('\r')[0]);
});

test('a byte order mark stays in front of every body', async () => {
  const world = new MemoryWorld();
  await receive(
    world,
    `\ufeff${batch(...['1', '2', '3', '4'].map((controlId) => adt({ controlId })))}`,
    long,
  );
  expect(world.queued.length).toBeGreaterThan(1);
  for (const { body } of world.queued)
    expect(Buffer.from(body).toString().startsWith('\ufeffMSH')).toBe(true);
});

test('what could not be queued is AE, and nothing after it is queued', async () => {
  const world = new MemoryWorld();
  const text = batch(...['1', '2', '3', '4', '5', '6'].map((controlId) => adt({ controlId })));
  let calls = 0;
  world.around = async (_, work) => {
    if (++calls === 2) throw new Away();
    return work();
  };
  const { status, ack } = await receive(world, text, long);
  const codes = msa(ack).map((line) => line.split('|')[1]);
  expect(status).toBe(200);
  expect(codes.slice(0, 1)).toEqual(['AA']);
  expect(codes.slice(-1)).toEqual(['AE']);
  expect(codes.join('')).toMatch(/^(AA)+(AE)+$/);
  expect(world.queued).toHaveLength(1);
});

test.each([
  ['none is acceptable', batch(...['', '', ''].map((controlId) => adt({ controlId }))), 400],
  ['it holds no message', 'x'.repeat(1000), 400],
])('400 where %s', async (_, text, status) => {
  const world = new MemoryWorld();
  expect((await receive(world, text, 100)).status).toBe(status);
  expect(world.queued).toEqual([]);
});

test('503 where the broker is away from the start', async () => {
  const world = new MemoryWorld();
  world.around = async () => {
    throw new Away();
  };
  const { status, ack } = await receive(world, batch(adt(), adt({ controlId: 'B' }), oru()), long);
  expect([status, new Set(msa(ack).map((line) => line.split('|')[1]))]).toEqual([503, new Set(['AE'])]);
});
