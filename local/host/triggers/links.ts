import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import type { Session } from 'rhea';
import { keepOutcomesApart } from '../../servicebus/wire';

/** What the SDK's messages carry beyond their type: the delivery of rhea, and with it the link that brought it. */
interface Delivered {
  delivery?: { link?: { is_open(): boolean; session: Session } | undefined };
}

const deliveryOf = (message: ServiceBusReceivedMessage) => (message as Delivered).delivery;

/** Whether the link that brought the message is still there; after a broken connection it is another one. */
export const isLinkOpen = (message: ServiceBusReceivedMessage): boolean =>
  deliveryOf(message)?.link?.is_open() ?? false;

/**
 * To be called before a message is settled. The SDK (7.9.5) settles on the link that brought the message, also when that is gone, and waits a minute for an answer
 * that cannot come. Without a link it settles by the management node, as it does for deferred messages and as the .NET
 * client of Azure's host does here: the lock outlives the link.
 */
export function prepareSettlement(message: ServiceBusReceivedMessage, isOfSession: boolean): void {
  const delivery = deliveryOf(message);
  const link = delivery?.link;
  if (!link) return;
  if (link.is_open()) keepOutcomesApart(link.session);
  else if (!isOfSession) delivery.link = undefined;
}
