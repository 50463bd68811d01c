import fc from 'fast-check';
import { message as amqp, types } from 'rhea';
import {
  MalformedMessage,
  encodeDelivery,
  parseMessage,
  tagOfToken,
  tokenOfTag,
  withApplicationProperties,
} from '../../../local/servicebus/codec';

const scalar = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.double({ noNaN: true }).map((value) => types.wrap_double(value)),
  fc.integer().map((value) => types.wrap_long(value)),
  fc.integer({ min: 0, max: 65_535 }).map((value) => types.wrap_ushort(value)),
  fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => types.wrap_uuid(Buffer.from(bytes))),
  fc.constant(null),
);
const key = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => text !== '__proto__');
const body = fc.oneof(
  fc.uint8Array({ maxLength: 700 }).map((bytes) => amqp.data_section(Buffer.from(bytes)) as unknown),
  fc.string({ maxLength: 300 }),
  fc.array(scalar).map((list) => amqp.sequence_section(list) as unknown),
);
const message = fc.record(
  {
    durable: fc.boolean(),
    priority: fc.integer({ min: 0, max: 9 }),
    ttl: fc.integer({ min: 0, max: 0xffffffff }),
    message_annotations: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,20}$/), scalar),
    message_id: fc.string({ minLength: 1 }),
    subject: fc.string(),
    application_properties: fc.dictionary(key, scalar),
    body,
  },
  { requiredKeys: ['body'] },
);
const facts = {
  deliveryCount: 3,
  sequence: 2 ** 40,
  enqueuedSequence: 7,
  enqueuedAt: 1_700_000_000_000,
  lockedUntil: null,
  state: 0,
  deadLetterSource: null,
};

describe('message bytes', () => {
  test('what is parsed and encoded again differs in header and annotations only', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const raw = amqp.encode(sent);
        const envelope = parseMessage(raw);
        const delivered = encodeDelivery({ ...facts, ...envelope }, envelope.annotations, envelope.bare);
        const [before, after] = [amqp.decode(raw), amqp.decode(delivered)];
        expect(after).toMatchObject({ delivery_count: 3, durable: sent.durable ?? false });
        expect(after['ttl']).toBe(sent.ttl);
        expect(after['message_annotations']).toMatchObject({
          ...before['message_annotations'],
          'x-opt-sequence-number': 2 ** 40,
          'x-opt-enqueued-time': new Date(1_700_000_000_000),
        });
        expect(after['message_id']).toEqual(sent.message_id ?? expect.stringMatching(/^[0-9a-f]{32}$/));
        if (sent.message_id !== undefined) expect(raw.subarray(-envelope.bare.length)).toEqual(envelope.bare);
        for (const field of ['subject', 'application_properties', 'body']) {
          expect(after[field]).toEqual(before[field]);
        }
      }),
    );
  });

  test('setting application properties leaves the others as they were encoded', () => {
    fc.assert(
      fc.property(message, fc.dictionary(key, fc.oneof(fc.string(), fc.boolean())), (sent, changes) => {
        const { bare } = parseMessage(amqp.encode(sent));
        const [before, after] = [
          amqp.decode(Buffer.from(bare)),
          amqp.decode(withApplicationProperties(bare, changes)),
        ];
        expect(after['application_properties']).toEqual({ ...before['application_properties'], ...changes });
        expect(after['body']).toEqual(before['body']);
        expect(after['message_id']).toEqual(before['message_id']);
      }),
    );
  });

  test('a truncated message is refused, never read beyond its end', () => {
    fc.assert(
      fc.property(message, fc.double({ min: 0, max: 0.999, noNaN: true }), (sent, part) => {
        const raw = amqp.encode(sent);
        const cut = raw.subarray(0, Math.floor(raw.length * part));
        try {
          expect(parseMessage(cut).bare.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
    );
  });

  test('any bytes are a message or are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, described) => {
        const raw = Buffer.concat([Buffer.from(described ? [0, 0x53, 0x72] : []), bytes]);
        try {
          parseMessage(raw);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('the sender cannot set what belongs to the broker', () => {
    const { annotations, scheduledFor } = parseMessage(
      amqp.encode({
        message_annotations: {
          'x-opt-sequence-number': types.wrap_long(99),
          'x-opt-scheduled-enqueue-time': new Date(123),
          'x-opt-partition-key': 'p',
        },
        body: 'x',
      }),
    );
    expect(annotations.count).toBe(2);
    expect(scheduledFor).toBe(123);
  });
});

test('a lock token is a delivery tag in the byte order of .NET', () => {
  expect(tagOfToken('00112233-4455-6677-8899-aabbccddeeff').toString('hex')).toBe(
    '33221100554477668899aabbccddeeff',
  );
  fc.assert(fc.property(fc.uuid(), (token) => expect(tokenOfTag(tagOfToken(token))).toBe(token)));
});
