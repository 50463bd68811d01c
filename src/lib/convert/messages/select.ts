import type { Hl7Message, MessageHeader } from '../../hl7';
import type { SenderProfile } from '../profile';
import { Rejection } from '../types';
import { converters, type Converter } from './registry';

/**
 * The trigger event: MSH-9.2; before v2.3, where MSH-9 is often the message type alone, EVN-1. MSH-9.3 names a
 * structure that several events share, so it never stands for the event.
 */
export function eventOf(message: Hl7Message, { messageCode, triggerEvent }: MessageHeader): string {
  if (triggerEvent !== '' || messageCode !== 'ADT') return triggerEvent;
  const code = message.first('EVN')?.get(1)?.trim().toUpperCase() ?? '';
  return /^[A-Z]\d\d$/.test(code) ? code : '';
}

export interface Selected {
  readonly converter: Converter;
  /** The event is not known; the profile has it read as its message type's snapshot. */
  readonly isGeneric: boolean;
}

/** The converter of an event, by the profile's policy for events. */
export function selectConverter(
  { messageCode }: MessageHeader,
  event: string,
  { events: policies }: SenderProfile,
): Selected {
  const events = converters.get(messageCode);
  if (events === undefined) throw new Rejection('UNSUPPORTED_MESSAGE_TYPE');
  const policy = policies[`${messageCode}^${event}`];
  const known = Object.hasOwn(events, event) ? events[event] : undefined;
  if (known !== undefined && policy !== 'reject') return { converter: known, isGeneric: false };
  const generic = events[''];
  if (
    known === undefined &&
    generic !== undefined &&
    (policy ?? policies[`${messageCode}^*`]) === 'generic'
  ) {
    return { converter: generic, isGeneric: true };
  }
  throw new Rejection('UNSUPPORTED_EVENT');
}
