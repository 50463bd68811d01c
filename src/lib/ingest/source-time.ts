import type { Hl7Message } from '../hl7';

/** A clock that runs ahead may be off by a zone; more is a mistake, and would win over every later message. */
const toleratedMilliseconds = 24 * 60 * 60 * 1000;

/* HL7 v2.5.1 ch. 2.A.22 from the day on: a coarser time orders nothing. */
const shape = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(?:\.(\d{1,4}))?)?)?([+-]\d\d)?(\d\d)?$/;

/**
 * When the facts of a message were recorded at the source: EVN-2, else MSH-7, else when the broker took it. It orders
 * messages about one patient, so a time without a zone takes the offset that the converter found for the message
 * (`Bundle.timestamp`) and otherwise UTC, which still orders one sender's messages rightly.
 */
export function sourceTimeOf(message: Hl7Message, timestamp: string | undefined, enqueuedAt: string): string {
  const offset = /(?:Z|[+-]\d\d:\d\d)$/.exec(timestamp ?? '')?.[0] ?? 'Z';
  const latest = Date.parse(enqueuedAt) + toleratedMilliseconds;
  for (const text of [message.first('EVN')?.get(2), message.msh.get(7)]) {
    const instant = typeof text === 'string' ? instantOf(text.trim(), offset) : undefined;
    if (instant !== undefined && instant.getTime() <= latest) return instant.toISOString();
  }
  return enqueuedAt;
}

function instantOf(text: string, defaultOffset: string): Date | undefined {
  const match = shape.exec(text);
  if (!match) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour = '00',
    minute = '00',
    second = '00',
    fraction = '0',
    zoneHour,
    zoneMinute,
  ] = match;
  const offset = zoneHour === undefined ? defaultOffset : `${zoneHour}:${zoneMinute ?? '00'}`;
  const instant = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction}${offset}`);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}
