import fc from 'fast-check';
import { splitMessages, splitStream, type RawMessage, type SplitBody } from '../../../src/lib/hl7';
import { Splitter } from '../../../src/lib/hl7/splitter';

type Plain = Omit<SplitBody, 'messages'> & { readonly messages: readonly unknown[] };

const plain = (messages: readonly RawMessage[], rest: Omit<SplitBody, 'messages'>): Plain => ({
  messages: messages.map((raw) => ({ ...raw, bytes: Buffer.from(raw.bytes).toString('hex') })),
  ...rest,
});
const whole = (body: Buffer): Plain => {
  const { messages, ...rest } = splitMessages(body);
  return plain(messages, rest);
};
const cut = (body: Buffer, at: readonly number[]): Buffer[] => {
  const ends = [...new Set(at.map((n) => Math.min(n, body.length)))].sort((a, b) => a - b);
  return [...ends, body.length].map((end, i) => body.subarray(ends[i - 1] ?? 0, end));
};

async function streamed(pieces: readonly Buffer[]): Promise<Plain> {
  const stream = splitStream(
    (async function* () {
      yield* pieces;
    })(),
  );
  const messages: RawMessage[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return plain(messages, next.value);
    messages.push(next.value);
  }
}

/** Reads after every piece, however small, where the stream waits for more. */
function eager(pieces: readonly Buffer[]): Plain {
  const splitter = new Splitter({});
  const messages = pieces.flatMap((piece) => [...splitter.read(piece, false)]);
  messages.push(...splitter.read(Buffer.alloc(0), true));
  return plain(messages, splitter.summary());
}

// Everything that decides where a message begins and ends, in any order.
const fragment = fc.constantFrom(
  'MSH|^~\\&|LAB|HOSP|EHR|FAC|20240101||ORU^R01|1|P|2.5.1',
  'MSH|^~\\&|LAB|HOSP||||||ORU^R01|2|P|2.5.1||||||8859/1',
  'MSH$%~\\#$A$B$C$D$2024$$ADT%A01$3$P$2.3',
  'MSH|^~|',
  'MSH|was the unit',
  'MSH',
  'PID|1||7^^^H||Mü^X',
  'OBX|1|TX|N||text',
  'some words',
  'FHS|^~\\&|A',
  'BHS|^~\\&|A',
  'BTS|1',
  'BTS|2',
  'FTS|1',
  '\r',
  '\r',
  '\r\n',
  '\n',
  '\x0b',
  '\x1c',
  '\x1c\r',
  ' ',
  '\ufeff',
);
const texts = fc.array(fragment, { maxLength: 25 }).map((parts) => parts.join(''));
const bodies = fc.oneof(
  { weight: 6, arbitrary: texts.map((text) => Buffer.from(text, 'utf8')) },
  { weight: 2, arbitrary: texts.map((text) => Buffer.from(`\ufeff${text}`, 'utf16le')) },
  { weight: 1, arbitrary: texts.map((text) => Buffer.from(`M${text}`, 'utf16le')) },
  { weight: 1, arbitrary: texts.map((text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()) },
  { weight: 1, arbitrary: texts.map((text) => Buffer.from(text, 'latin1')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
);
const cuts = fc.array(fc.nat({ max: 700 }), { maxLength: 12 });

test('however a body is cut, it holds the same messages and says the same of itself', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, cuts, async (body, at) => {
      const expected = whole(body);
      expect(await streamed(cut(body, at))).toEqual(expected);
      expect(eager(cut(body, at))).toEqual(expected);
    }),
    { numRuns: 1500 },
  );
});

test('byte by byte too', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const bytes = cut(body, [...body.keys()]);
      expect(await streamed(bytes)).toEqual(whole(body));
      expect(eager(bytes)).toEqual(whole(body));
    }),
    { numRuns: 150 },
  );
});

const message = (n: number): string =>
  `MSH|^~\\&|LAB|HOSP|EHR|FAC|20240101||ORU^R01|${n}|P|2.5.1\rPID|1||${n}^^^H\r${'OBX|1|TX|N||text\r'.repeat(60)}`;

test('a message is there as soon as the next one begins, and the batch is counted at the end', async () => {
  const count = 20_000;
  let read = 0;
  async function* file() {
    yield Buffer.from('FHS|^~\\&|A\rBHS|^~\\&|A\r');
    for (let n = 0; n < count; n += 50) {
      read = n + 50;
      yield Buffer.from(Array.from({ length: 50 }, (_, i) => message(n + i)).join(''));
    }
    yield Buffer.from(`BTS|${count + 1}\rFTS|1\r`);
  }
  const stream = splitStream(file());
  let seen = 0;
  for (;;) {
    const next = await stream.next();
    if (next.done === true) {
      expect(next.value.batch).toEqual({ complete: true, declaredCount: count + 1 });
      expect(next.value.diagnostics.map(({ code }) => code)).toEqual(['BATCH_COUNT_MISMATCH']);
      break;
    }
    expect(next.value.index).toBe(seen++);
    // A piece or two: what is held does not grow with the file.
    expect(read - seen).toBeLessThanOrEqual(101);
  }
  expect(seen).toBe(count);
});

test('a long message in many pieces is read a few times, not once per piece', async () => {
  const long = Buffer.from(`${message(1)}${'NTE|1||x\r'.repeat(100_000)}`);
  const pieces = cut(
    long,
    Array.from({ length: 900 }, (_, i) => i * 1000),
  );
  const read = jest.spyOn(Splitter.prototype, 'read');
  const { messages } = await streamed(pieces);
  const reads = read.mock.calls.length;
  read.mockRestore();
  expect(messages).toHaveLength(1);
  expect(reads).toBeLessThan(30);
});
