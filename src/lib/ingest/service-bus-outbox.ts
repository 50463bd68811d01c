import type { ServiceBusMessage } from '@azure/service-bus';
import type { Azure } from '../azure';
import type { Outbox } from './ports';

export function createOutbox(azure: Azure): Outbox {
  return {
    async enqueue({ messageId, body, properties, notBefore }) {
      const message: ServiceBusMessage = {
        // A Buffer travels as AMQP data, byte for byte; a string would be quoted as JSON.
        body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        applicationProperties: { ...properties },
        ...(messageId !== undefined && { messageId }),
        ...(notBefore && { scheduledEnqueueTimeUtc: notBefore }),
      };
      await (await azure.sender('hl7-messages')).sendMessages(message);
    },

    async reject({ messageId, id, pk, tenantId, code, ack, raw }) {
      const message: ServiceBusMessage = {
        messageId,
        contentType: 'application/json',
        body: { ...raw, id, pk, tenantId, code, ack },
        applicationProperties: { tenantId, code },
      };
      await (await azure.sender('hl7-rejected')).sendMessages(message);
    },

    async publish(event) {
      const { id, tenantId, eventType, resourceType, resourceTypes } = event;
      const message: ServiceBusMessage = {
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
      };
      await (await azure.sender('clinical-events')).sendMessages(message);
    },
  };
}
