import { create_container, message as amqp, type Delivery, type EventContext, type Sender } from 'rhea';
import type { AddressInfo, Server } from 'node:net';

/**
 * The floor of a broker: rhea with an array. It takes messages, gives them to whoever has credit, and settles; no store,
 * no locks, no sequence numbers. Runs as a process of its own and sends its parent the port.
 */
export function bareBroker(): void {
  const container = create_container({
    sender_options: { autosettle: false, treat_modified_as_released: false },
    receiver_options: { credit_window: 1000 },
  });
  const accepted = (amqp as unknown as { accepted(): { described(): unknown } }).accepted().described();
  const waiting: unknown[] = [];
  const consumers = new Set<Sender>();
  const handOut = (): void => {
    for (const consumer of consumers) {
      while (waiting.length > 0 && consumer.sendable()) consumer.send(waiting.pop() as never);
    }
  };
  container.on('sender_open', ({ sender }: EventContext) => {
    if (!sender) return;
    sender.set_source({ address: sender.source.address });
    consumers.add(sender);
  });
  container.on('message', ({ message }: EventContext) => {
    waiting.push(message);
    handOut();
  });
  container.on('sendable', handOut);
  container.on('accepted', ({ delivery }: EventContext) => {
    (delivery as unknown as { update(settled: boolean, state: unknown): void }).update(true, accepted);
    (delivery as Delivery & { remote_settled: boolean }).remote_settled = true;
  });
  for (const event of ['connection_close', 'disconnected']) container.on(event, () => consumers.clear());
  const options = { port: 0, host: '127.0.0.1', noDelay: true, session_buffer_size: 65_536 };
  const server = container.listen(options) as Server;
  server.on('listening', () => process.send?.((server.address() as AddressInfo).port));
  // It ends with its parent.
  process.on('disconnect', () => process.exit());
}
