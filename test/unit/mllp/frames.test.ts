import fc from 'fast-check';
import { FrameDecoder, frameOf, type FrameEvent } from '../../../src/lib/mllp/frames';

const decode = (chunks: readonly Uint8Array[], max = 1000): FrameEvent[] => {
  const decoder = new FrameDecoder(max);
  return chunks.flatMap((chunk) => [...decoder.push(chunk)]);
};
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const told = (events: readonly FrameEvent[]): string[] =>
  events.map((event) => {
    if (event.kind === 'frame') return Buffer.from(event.bytes).toString('latin1');
    if (event.kind === 'outside') return `outside ${event.length}`;
    return `oversized ${event.length} ${Buffer.from(event.head).toString('latin1')}`;
  });

test.each([
  ['one frame', '\x0bMSH|a\r\x1c\r', ['MSH|a\r']],
  ['two in one piece', '\x0bA\x1c\r\x0bB\x1c\r', ['A', 'B']],
  ['an empty frame', '\x0b\x1c\r', ['']],
  ['LF in place of CR', '\x0bA\x1c\n\x0bB\x1c\r', ['A', 'B']],
  ['no CR at all', '\x0bA\x1c\x0bB\x1c\r', ['A', 'B']],
  ['line ends and blanks between', '\r\n \0\x0bA\x1c\r\r\n\x0bB\x1c\r', ['A', 'B']],
  ['a lone FS is text', '\x0bA\x1cB\x1c\x1c\r', ['A\x1cB\x1c']],
  ['VT inside a frame is text', '\x0bA\x0bB\x1c\r', ['A\x0bB']],
  ['text outside is told', 'GET / HTTP\r\n\x0bA\x1c\rxy', ['outside 8', 'A', 'outside 2']],
  ['an open frame waits', '\x0bA\x1c', []],
  [
    'a large frame is not kept',
    `\x0b${'x'.repeat(1001)}\x1c\r\x0bB\x1c\r`,
    [`oversized 1001 ${'x'.repeat(1000)}`, 'B'],
  ],
  ['the largest frame is', `\x0b${'x'.repeat(1000)}\x1c\r`, ['x'.repeat(1000)]],
])('%s', (_name, stream, expected) => expect(told(decode([bytes(stream)]))).toEqual(expected));

test('the head of an oversized frame is enough for an answer', () => {
  const [event] = decode([bytes(`\x0b${'x'.repeat(30_000)}\x1c\r`)], 20_000);
  expect(event).toMatchObject({ kind: 'oversized', length: 30_000 });
  expect(event?.kind === 'oversized' && event.head.length).toBe(4096);
});

test('it tells whether a frame is open', () => {
  const decoder = new FrameDecoder(100);
  const after = (text: string): boolean => {
    Array.from(decoder.push(bytes(text)));
    return decoder.isMidFrame;
  };
  expect([after(''), after('\x0b'), after('A\x1c'), after('\r'), after('\r\n')]).toEqual([
    false,
    true,
    true,
    false,
    false,
  ]);
});

// Bytes that decide something, more often than chance has them.
const streams = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(0x0b, 0x1c, 0x0d, 0x0a) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 255 }) },
  ),
  { maxLength: 200 },
);
const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 20 });
const pieces = (stream: Uint8Array, at: readonly number[]): Uint8Array[] => {
  const ends = [...new Set(at.map((n) => Math.min(n, stream.length)))].sort((a, b) => a - b);
  return [...ends, stream.length].map((end, i) => stream.subarray(ends[i - 1] ?? 0, end));
};
/** Text outside is told piece by piece; only its sum is the same. */
const comparable = (events: readonly FrameEvent[]): unknown => ({
  frames: told(events.filter(({ kind }) => kind !== 'outside')),
  outside: events.reduce((sum, event) => sum + (event.kind === 'outside' ? event.length : 0), 0),
});

test('however a stream is cut, it holds the same frames', () => {
  fc.assert(
    fc.property(streams, cuts, fc.integer({ min: 1, max: 30 }), (numbers, at, max) => {
      const stream = Uint8Array.from(numbers);
      const whole = comparable(decode([stream], max));
      expect(comparable(decode(pieces(stream, at), max))).toEqual(whole);
      expect(comparable(decode(pieces(stream, [...stream.keys()]), max))).toEqual(whole);
    }),
    { numRuns: 1000 },
  );
});

test('what was framed comes out, byte for byte', () => {
  // A message holds no control characters but CR, so nothing in it ends the frame.
  const message = fc.string({ unit: fc.constantFrom('M', '|', 'ü', '\r', '李', ' '), maxLength: 300 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), cuts, (messages, at) => {
      const stream = Buffer.concat(messages.map(frameOf));
      const events = decode(pieces(stream, at), 2000);
      expect(events.map((event) => event.kind === 'frame' && Buffer.from(event.bytes).toString())).toEqual(
        messages,
      );
    }),
  );
});

test('a frame in single bytes costs memory for one frame only', () => {
  const decoder = new FrameDecoder(1000);
  const before = process.memoryUsage().arrayBuffers;
  Array.from(decoder.push(bytes('\x0b')));
  const one = bytes('x');
  for (let i = 0; i < 300_000; i++) Array.from(decoder.push(one));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  expect(decoder.push(bytes('\x1c\r')).next().value).toMatchObject({ kind: 'oversized', length: 300_000 });
});
