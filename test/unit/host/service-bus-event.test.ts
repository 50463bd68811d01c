import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { batchEvent, bodyBytes, singleMessageEvent } from '../../../local/host/triggers/service-bus-event';

const message = (more: Record<string, unknown>): ServiceBusReceivedMessage =>
  ({
    deliveryCount: 0,
    lockToken: 'lock',
    sequenceNumber: { toString: () => '7' },
    messageId: 'm',
    ...more,
  }) as unknown as ServiceBusReceivedMessage;
const text = { binary: false };

describe('one message', () => {
  it('is a string, or bytes when the function asks for binary', () => {
    const body = Buffer.from('{"a":1}');
    expect(singleMessageEvent(message({ body }), text).input).toEqual({ string: '{"a":1}' });
    expect(singleMessageEvent(message({ body }), { binary: true }).input).toEqual({ bytes: body });
  });

  it('counts this delivery', () => {
    expect(
      singleMessageEvent(message({ body: '', deliveryCount: 2 }), text).metadata?.['DeliveryCount'],
    ).toEqual({ json: '3' });
  });

  it('lets scalars of a JSON body override broker properties in any case, as text', () => {
    const body = Buffer.from(
      '{"messageid":"x","SEQUENCENUMBER":true,"own":1.5,"list":[1],"none":null,"__proto__":"p"}',
    );
    const { metadata } = singleMessageEvent(message({ body }), text);
    expect(metadata).toMatchObject({
      MessageId: { string: 'x' },
      SequenceNumber: { string: 'True' },
      own: { string: '1.5' },
    });
    expect(Object.keys(metadata ?? {})).not.toContain('list');
    expect(Object.keys(metadata ?? {})).not.toContain('none');
  });

  it('keeps broker properties when the body is bytes or no object', () => {
    const body = Buffer.from('{"messageId":"x"}');
    expect(singleMessageEvent(message({ body }), { binary: true }).metadata?.['MessageId']).toEqual({
      string: 'm',
    });
    expect(singleMessageEvent(message({ body: Buffer.from('[1]') }), text).metadata?.['MessageId']).toEqual({
      string: 'm',
    });
    expect(
      singleMessageEvent(message({ body: Buffer.from('{broken') }), text).metadata?.['MessageId'],
    ).toEqual({ string: 'm' });
  });

  it('never names its payload as the reason', () => {
    const event = singleMessageEvent(
      message({ body: Buffer.from('{"messageId":"needle"}'), subject: 'needle', messageId: 'needle' }),
      text,
    );
    expect(event.reason).not.toContain('needle');
  });
});

describe('a batch', () => {
  it('has arrays: empty texts are dropped, sequence numbers are 64-bit pairs', () => {
    const event = batchEvent(
      [
        message({ body: Buffer.from('a'), contentType: 'x' }),
        message({ body: Buffer.from(''), contentType: '' }),
        message({ body: Buffer.from('c'), sequenceNumber: { toString: () => String(2 ** 32 + 1) } }),
      ],
      text,
    );
    expect(event.input).toEqual({ collectionString: { string: ['a', 'c'] } });
    expect(event.metadata?.['ContentTypeArray']).toEqual({ collectionString: { string: ['x'] } });
    expect(event.metadata?.['SequenceNumberArray']).toEqual({
      collectionSint64: {
        sint64: [
          { low: 7, high: 0, unsigned: false },
          { low: 7, high: 0, unsigned: false },
          { low: 1, high: 1, unsigned: false },
        ],
      },
    });
  });
});

it('AMQP values become their text', () => {
  expect(bodyBytes('x').toString()).toBe('x');
  expect(bodyBytes({ a: 1 }).toString()).toBe('{"a":1}');
  expect(bodyBytes(undefined).toString()).toBe('');
});
