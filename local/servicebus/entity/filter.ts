import { message as amqp } from 'rhea';
import { asBuffer } from '../codec';

export interface CorrelationFilter {
  /** System properties by the name that rhea gives the AMQP field. */
  fields: Partial<Record<CorrelationField, string>>;
  properties: Record<string, string | number | boolean>;
}
export type CorrelationField =
  | 'content_type'
  | 'correlation_id'
  | 'group_id'
  | 'message_id'
  | 'reply_to'
  | 'reply_to_group_id'
  | 'subject'
  | 'to';
export type Filter = 'all' | CorrelationFilter;

/** A correlation filter matches when every property it names is equal, letter case included. */
export function matches(filter: Filter, bare: Uint8Array): boolean {
  if (filter === 'all') return true;
  const message = amqp.decode(asBuffer(bare));
  const properties: Record<string, unknown> = message['application_properties'] ?? {};
  return (
    Object.entries(filter.fields).every(([field, wanted]) => message[field] === wanted) &&
    Object.entries(filter.properties).every(([name, wanted]) => properties[name] === wanted)
  );
}
