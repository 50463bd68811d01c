import { readDelivery } from '../../../src/lib/ingest';

const now = new Date('2026-11-21T00:00:00.000Z');

test('reads what the Functions library hands over', () => {
  const metadata = {
    messageId: 'm1',
    enqueuedTimeUtc: '2026-11-20T10:00:00Z',
    sequenceNumber: '7',
    deliveryCount: 1,
    applicationProperties: { tenantId: 'demo', bodyKind: 'claim-check/1', attempt: 2 },
  };
  expect(readDelivery(metadata, now)).toEqual({
    origin: 'm1',
    enqueuedAt: '2026-11-20T10:00:00.000Z',
    tenantId: 'demo',
    bodyKind: 'claim-check/1',
    attempt: 2,
    isReplay: false,
  });
});

test('a message sent again keeps its first identity and time', () => {
  const applicationProperties = {
    originMessageId: 'm0',
    originEnqueuedAt: '2026-11-19T10:00:00.000Z',
    replay: true,
    unexplained: 2,
    failure: 'INTERNAL',
  };
  expect(readDelivery({ messageId: 'm1', enqueuedTimeUtc: now, applicationProperties }, now)).toMatchObject({
    origin: 'm0',
    enqueuedAt: '2026-11-19T10:00:00.000Z',
    isReplay: true,
    unexplained: { times: 2, code: 'INTERNAL' },
  });
});

test.each([
  [undefined],
  [{}],
  [{ messageId: null, applicationProperties: null }],
  [{ messageId: '', sequenceNumber: 7, applicationProperties: 'spoofed by a JSON body' }],
  [
    {
      applicationProperties: {
        attempt: -1,
        originEnqueuedAt: 'never',
        bodyKind: 'x',
        replay: 'True',
        charset: 1,
        unexplained: 3,
        failure: 'Patient Muster',
      },
    },
  ],
])('%j does not throw and says nothing it was not told', (metadata) => {
  const delivery = readDelivery(metadata, now);
  expect(delivery).toMatchObject({ enqueuedAt: now.toISOString(), attempt: 0, isReplay: false });
  expect(delivery.origin).toMatch(/^sequence:/);
  expect(delivery).not.toHaveProperty('tenantId');
  expect(delivery).not.toHaveProperty('unexplained');
});

test('a tenant of the wrong type is still a claim', () => {
  expect(readDelivery({ applicationProperties: { tenantId: 7 } }, now).tenantId).toBe('7');
});
