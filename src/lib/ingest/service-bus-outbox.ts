import type { ServiceBusMessage } from '@azure/service-bus';
import type { Azure, BrokerEntity } from '../azure';
import type { Outbox } from './ports';

/**
 * Below the SDK's own limit of 10 s: a send that is under way when the connection drops hears nothing more, and at that
 * limit rhea-promise 3.0 throws out of a timer (it asks the closed link for its address), which ends the process.
 */
const sendMilliseconds = 8_000;

export function createOutbox(azure: Azure): Outbox {
  async function send(entity: BrokerEntity, message: ServiceBusMessage): Promise<void> {
    const sender = await azure.sender(entity);
    await sender.sendMessages(message, { abortSignal: AbortSignal.timeout(sendMilliseconds) });
  }

  return {
    enqueue: ({ messageId, body, properties, notBefore }) =>
      send('hl7-messages', {
        // A Buffer travels as AMQP data, byte for byte; a string would be quoted as JSON.
        body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        applicationProperties: { ...properties },
        ...(messageId !== undefined && { messageId }),
        ...(notBefore && { scheduledEnqueueTimeUtc: notBefore }),
      }),

    reject: ({ messageId, id, pk, tenantId, code, ack, raw }) =>
      send('hl7-rejected', {
        messageId,
        contentType: 'application/json',
        body: { ...raw, id, pk, tenantId, code, ack },
        applicationProperties: { tenantId, code },
      }),

    publish(event) {
      const { id, tenantId, eventType, resourceType, resourceTypes } = event;
      return send('clinical-events', {
        messageId: id,
        contentType: 'application/json',
        subject: eventType,
        body: event,
        // Commas on both ends, so that a rule can say `resourceTypes LIKE '%,Patient,%'`.
        applicationProperties: {
          tenantId,
          eventType,
          resourceType,
          resourceTypes: `,${resourceTypes.join(',')},`,
        },
      });
    },
  };
}
