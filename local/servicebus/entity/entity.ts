/** What queues, subscriptions and topics have in common. */
import type { MessageContent } from '../store';

export type Status = 'Active' | 'Disabled' | 'SendDisabled' | 'ReceiveDisabled';

export interface Incoming extends MessageContent {
  messageId: string;
}

/** How a message came that another entity has passed on. */
export interface Passage {
  readonly hops: number;
  readonly enqueuedSequence: number;
  readonly deadLetterSource: string | null;
}

/** Why something is not done, in AMQP's terms. */
export interface Refusal {
  readonly condition: string;
  readonly description: string;
}

export const quotaExceeded = (path: string, maxSize: number): Refusal => ({
  condition: 'amqp:resource-limit-exceeded',
  description: `The maximum entity size of ${maxSize} bytes has been reached or exceeded for '${path}'.`,
});

export const isSendDisabled = (status: Status): boolean => status === 'Disabled' || status === 'SendDisabled';
export const isReceiveDisabled = (status: Status): boolean =>
  status === 'Disabled' || status === 'ReceiveDisabled';

export const entityDisabled = (path: string): Refusal => ({
  condition: 'com.microsoft:entity-disabled',
  description: `Messaging entity '${path}' is currently disabled.`,
});
