import { takeMessage } from '../../../src/lib/mllp/take';

const frame = { kind: 'frame' as const, bytes: Buffer.from('MSH') };

function world(answers: readonly ({ status: number; ack: string } | Error)[]) {
  const counts = { connections: 0, queued: 0, refused: 0, notTaken: 0 };
  const calls: string[] = [];
  const log: string[] = [];
  const stopping = new AbortController();
  let at = 0;
  const intake = {
    receive: async () => {
      calls.push('receive');
      const answer = answers[Math.min(at++, answers.length - 1)];
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },
    enqueue: async () => void calls.push('enqueue'),
    refuse: (_bytes: Uint8Array, code: string) => `refused ${code}`,
  };
  const take = (message: Parameters<typeof takeMessage>[0] = frame) =>
    takeMessage(message, intake, counts, stopping.signal, (line) => log.push(line));
  return { counts, calls, log, stopping, intake, take };
}

test('queued, refused and not taken are answered and counted', async () => {
  for (const [answer, counted] of [
    [{ status: 200, ack: 'AA' }, 'queued'],
    [{ status: 204, ack: '' }, 'queued'],
    [{ status: 400, ack: 'AR' }, 'refused'],
    [{ status: 503, ack: 'AE' }, 'notTaken'],
  ] as const) {
    const { take, counts, calls } = world([answer]);
    expect(await take()).toBe(answer.ack);
    expect(counts).toMatchObject({ queued: 0, refused: 0, notTaken: 0, [counted]: 1 });
    expect(calls).toEqual(['receive']);
  }
});

test('a failure that nobody foresaw is answered with "send again", and its text stays out of the log', async () => {
  const { take, log, counts } = world([new Error('PID|1||Muster')]);
  expect(await take()).toBe('refused NOT_TAKEN');
  expect(counts.notTaken).toBe(1);
  expect(log).toHaveLength(1);
  expect(log.join()).not.toContain('Muster');
});

test('a frame that was not kept is refused as too large', async () => {
  const { take, calls } = world([]);
  expect(await take({ kind: 'oversized', head: frame.bytes, length: 9 })).toBe('refused TOO_LARGE');
  expect(calls).toEqual([]);
});

test('who wants no answer is not lost: tried again while the broker is away', async () => {
  const silent = { status: 503, ack: '' };
  const { take, calls, counts } = world([silent, silent, { status: 204, ack: '' }]);
  expect(await take()).toBe('');
  expect(calls).toHaveLength(3);
  expect(counts).toMatchObject({ queued: 1, notTaken: 0 });
});

test('who wants no answer is not lost: a refused message goes where people look', async () => {
  const { take, calls, counts } = world([{ status: 400, ack: '' }]);
  expect(await take()).toBe('');
  expect(calls).toEqual(['receive', 'enqueue']);
  expect(counts.refused).toBe(1);
});

test('a stop ends the trying, and says so', async () => {
  const { take, stopping, counts, log } = world([{ status: 503, ack: '' }]);
  const taken = take();
  stopping.abort();
  expect(await taken).toBe('');
  expect(counts.notTaken).toBe(1);
  expect(log.join()).toContain('before the stop');
});
