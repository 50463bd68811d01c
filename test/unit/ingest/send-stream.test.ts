import fc from 'fast-check';
import { messagesIn, messagesInStream } from '../../../src/lib/ingest';
import { sendStream } from '../../../src/lib/ingest/send-stream';
import { MemoryWorld } from './memory-ports';
import { adt } from './messages';

async function* inPieces(body: Buffer, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

async function sendAll(body: Buffer, maxInlineBytes: number) {
  const world = new MemoryWorld();
  const stream = sendStream(inPieces(body, 100), {}, world.ports({ maxInlineBytes }));
  const sent = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) {
      const bodies = world.queued.map(({ body: inline, properties }) => {
        if (properties.bodyKind === 'hl7') return inline;
        const { blob } = JSON.parse(Buffer.from(inline).toString()) as { blob: string };
        return world.blobs.get(blob) ?? Buffer.alloc(0);
      });
      return { bodies, sent, codes: next.value.map(({ code }) => code) };
    }
    sent.push(...next.value);
  }
}

const fates = (bodies: readonly Uint8Array[]) =>
  bodies.flatMap((body) =>
    messagesIn(body).map(({ raw, refusal }) => ({
      bytes: Buffer.from(raw.bytes).toString('hex'),
      text: raw.text,
      problem: refusal ?? raw.problem,
    })),
  );

const fragment = fc.constantFrom(
  'MSH|^~\\&|LAB|HOSP|EHR|FAC|20240101||ORU^R01|1|P|2.5.1\r',
  'MSH|^~\\&|LAB|HOSP||||||ORU^R01|2|P|2.5.1||||||8859/1\r',
  'MSH|^~\\&|LAB|HOSP||||||ORU^R01|3|P|2.5.1',
  'MSH|^~|\r',
  'MSH\r',
  'PID|1||7^^^H||Mü^X\r',
  'OBX|1|TX|N||text\nand more\r',
  'some words\r',
  'FHS|^~\\&|A\r',
  'BHS|^~\\&|A\r',
  'BTS|1\r',
  'FTS|1\r',
  '\x0b',
  '\x1c\r',
  '\r\n',
);
const texts = fc.array(fragment, { minLength: 1, maxLength: 25 }).map((parts) => parts.join(''));
const bodies = fc.oneof(
  texts.map((text) => Buffer.from(text)),
  texts.map((text) => Buffer.from(`\ufeff${text}`)),
  texts.map((text) => Buffer.from(text, 'latin1')),
  texts.map((text) => Buffer.from(`\ufeff${text}`, 'utf16le')),
  texts.map((text) => Buffer.from(JSON.stringify(text))),
);

test('a file in several bodies holds the messages of the file, each with the same fate', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, fc.integer({ min: 1, max: 400 }), async (body, maxInlineBytes) => {
      const { bodies: queued, sent } = await sendAll(body, maxInlineBytes);
      expect(fates(queued)).toEqual(fates([body]));
      expect(sent).toHaveLength(fates([body]).length);
    }),
    { numRuns: 1000 },
  );
});

test('what fits goes as it is', async () => {
  const body = Buffer.from(`BHS|^~\\&\r${adt()}${adt({ controlId: 'A2' })}BTS|3\r`);
  expect((await sendAll(body, 10_000)).bodies).toEqual([body]);
});

test('a large file goes in bodies of whole messages that fit, and its counts are checked', async () => {
  const messages = Array.from({ length: 100 }, (_, i) => adt({ controlId: `M${i}` }));
  const body = Buffer.from(`FHS|^~\\&\rBHS|^~\\&\r${messages.join('')}BTS|101\rFTS|1\r`);
  const { bodies: queued, sent, codes } = await sendAll(body, 2000);
  expect(queued.length).toBeGreaterThan(10);
  expect(Math.max(...queued.map(({ length }) => length))).toBeLessThanOrEqual(2000);
  expect(sent.map(({ key }) => key)).toEqual(messages.map((_, i) => `demo|ADT|GEN|M${i}`));
  expect(new Set(sent.map(({ origin }) => origin)).size).toBe(queued.length);
  expect(codes).toEqual(['BATCH_COUNT_MISMATCH']);
});

test('messages come out of a stream as they come out of the whole, JSON too', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, fc.integer({ min: 1, max: 50 }), async (body, size) => {
      const found = [];
      for await (const each of messagesInStream(inPieces(body, size))) found.push(each);
      expect(found.map(({ raw }) => [raw.index, raw.text, raw.problem])).toEqual(
        messagesIn(body).map(({ raw }) => [raw.index, raw.text, raw.problem]),
      );
    }),
    { numRuns: 300 },
  );
});
