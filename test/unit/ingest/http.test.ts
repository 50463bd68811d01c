import { receiveHttp } from '../../../src/lib/ingest/http';
import { Away, MemoryWorld } from './memory-ports';
import { adt, oru } from './messages';

const receive = (world: MemoryWorld, text: string, tenant?: string) =>
  receiveHttp(Buffer.from(text), tenant, world.ports());
const msa = (ack: string): string[] => ack.split('\r').filter((line) => line.startsWith('MSA|'));

test('AA means queued', async () => {
  const world = new MemoryWorld();
  const { status, ack } = await receive(world, adt());
  expect([status, msa(ack)]).toEqual([200, ['MSA|AA|A1']]);
  // Receiver and sender change places.
  expect(ack.split('|').slice(2, 6)).toEqual(['MR', 'GEN', 'ADT', 'GEN']);
  expect(world.queued).toHaveLength(1);
  expect(world.queued[0]).toMatchObject({ body: Buffer.from(adt()), properties: { bodyKind: 'hl7' } });
});

test.each([
  ['', 'MSA|AR'],
  ['hello', 'MSA|AR'],
  [adt({ controlId: '' }), 'MSA|AE'],
  ['{"resourceType":"Patient"}', 'MSA|AR'],
])('%j is answered and not queued', async (text, expected) => {
  const world = new MemoryWorld();
  const { status, ack } = await receive(world, text);
  expect([status, msa(ack)[0]?.startsWith(expected)]).toEqual([400, true]);
  expect(ack).toMatch(/\rERR\|/);
  expect(world.queued).toEqual([]);
});

test.each([
  [adt({ controlId: '' }), 'MSH^1^10|101^', undefined],
  [adt().replace('|2.5.1', '|7'), 'MSH^1^12|203^', undefined],
  [adt().replace('ADT^A01^ADT_A01', ''), 'MSH^1^9|101^', undefined],
  [adt({ sender: 'STRANGER|NOWHERE' }), 'MSH^1^3|204^', 'northside'],
  // There is no segment to name: MSH itself, which is required, is missing (table 0357: 100).
  ['hello', '|100^', undefined],
])('%j: ERR-2 says where, ERR-3 what', async (text, expected, tenant) => {
  const { ack } = await receive(new MemoryWorld(), text, tenant);
  expect(ack).toContain(`\rERR||${expected}`);
});

test('tenant and sender are checked', async () => {
  const world = new MemoryWorld();
  expect((await receive(world, adt(), 'nowhere')).status).toBe(400);
  expect((await receive(world, adt(), 'northside')).status).toBe(400);
  expect((await receive(world, adt({ sender: 'NORTHLAB|NORTHSIDE' }), 'northside')).status).toBe(200);
  expect(world.queued).toMatchObject([{ properties: { tenantId: 'northside' } }]);
});

test('a batch gets one MSA per message; the good ones are queued', async () => {
  const world = new MemoryWorld();
  const { status, ack } = await receive(
    world,
    ['BHS|^~\\&\r', adt(), adt({ controlId: '' }), oru(), 'BTS|3\r'].join(''),
  );
  expect([status, msa(ack).map((line) => line.slice(0, 6))]).toEqual([200, ['MSA|AA', 'MSA|AE', 'MSA|AA']]);
  expect(ack).toMatch(/^BHS\|/);
  expect(world.queued).toHaveLength(2);
  expect((await receive(world, `${adt()}${oru()}`)).status).toBe(200);
  expect(world.queued).toHaveLength(3);
});

test('503 and AE while the broker is away', async () => {
  const world = new MemoryWorld();
  world.around = async () => {
    throw new Away();
  };
  const { status, ack } = await receive(world, adt());
  expect([status, msa(ack)]).toEqual([503, ['MSA|AE|A1']]);
  expect(ack).toContain('|E|||NOT_TAKEN|');
});

describe('enhanced mode', () => {
  const enhanced = (modes: string, controlId = 'A1', version = '2.5.1') =>
    adt({ controlId }).replace('|P|2.5.1', `|P|${version}|||${modes}`);
  const away = new MemoryWorld();
  away.around = async () => {
    throw new Away();
  };

  // MSH-15 and MSH-16; queued, refused at the door, broker away.
  test.each([
    ['AL|NE', '200 MSA|CA|A1', '400 MSA|CR|A1', '503 MSA|CE|A1'],
    ['AL|AL', '200 MSA|CA|A1', '400 MSA|CR|A1', '503 MSA|CE|A1'],
    ['NE|NE', '204 ', '400 ', '503 '],
    ['NE|AL', '200 MSA|AA|A1', '400 MSA|AR|A1', '503 MSA|AE|A1'],
    ['ER|NE', '204 ', '400 MSA|CR|A1', '503 MSA|CE|A1'],
    ['SU|NE', '200 MSA|CA|A1', '400 ', '503 '],
  ])('%s', async (modes, queued, refused, unavailable) => {
    const line = async (world: MemoryWorld, text: string) => {
      const { status, ack } = await receive(world, text);
      return `${status} ${msa(ack).join(' ')}`;
    };
    const world = new MemoryWorld();
    expect(await line(world, enhanced(modes))).toBe(queued);
    expect(await line(world, enhanced(modes, 'A1', '7'))).toBe(refused);
    expect(await line(away, enhanced(modes))).toBe(unavailable);
    expect(world.queued).toHaveLength(1);
  });

  test('a batch answers those that ask', async () => {
    const text = `${enhanced('NE|NE', 'A1')}${enhanced('AL|NE', 'A2')}${adt({ controlId: 'A3' })}`;
    const { status, ack } = await receive(new MemoryWorld(), text);
    expect([status, msa(ack)]).toEqual([200, ['MSA|CA|A2', 'MSA|AA|A3']]);
    expect(ack).toMatch(/\rBTS\|2\r$/);
    const silent = `${enhanced('NE|NE', 'A1')}${enhanced('NE|NE', 'A2')}`;
    expect(await receive(new MemoryWorld(), silent)).toEqual({ status: 204, ack: '' });
  });
});
