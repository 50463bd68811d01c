import type { ServiceBusMessage } from '@azure/service-bus';
import type { Azure } from '../../../src/lib/azure';
import { failureKind } from '../../../src/lib/ingest/failures';
import { createOutbox } from '../../../src/lib/ingest/service-bus-outbox';

test('a send that never hears from the broker ends as passing trouble', async () => {
  const deadline = new AbortController();
  const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(deadline.signal);
  const sendMessages = (_message: ServiceBusMessage, { abortSignal }: { abortSignal: AbortSignal }) =>
    new Promise((_, reject) =>
      abortSignal.addEventListener('abort', () => reject(abortSignal.reason as Error)),
    );
  const outbox = createOutbox({ sender: async () => ({ sendMessages }) } as unknown as Azure);
  const sending = outbox.enqueue({ body: Buffer.from('MSH'), properties: {} });
  setImmediate(() => deadline.abort());
  const error = await sending.catch((thrown: unknown) => thrown);
  expect(failureKind(error)).toBe('passing');
  // The SDK's own limit is 10 s.
  expect(timeout.mock.calls[0]?.[0]).toBeLessThan(10_000);
  timeout.mockRestore();
});
