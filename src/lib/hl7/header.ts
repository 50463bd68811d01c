import { readDelimiters } from './delimiters';
import { nthPart } from './part';
import type { RejectionCode } from './rejections';
import { messageStructure } from './structures';
import { parseMessage } from './tokenizer';
import type { Delimiters, Hl7Message, MessageHeader, RawMessage } from './types';

export function readHeader(message: Hl7Message): MessageHeader {
  const { msh } = message;
  // A damaged line after MSH counts as its continuation, and no part of MSH has lines.
  const text = (field: number, component = 1): string =>
    nthPart(msh.get(field, component) ?? '', '\n', 1).trim();
  const messageCode = text(9).toUpperCase();
  const triggerEvent = text(9, 2).toUpperCase();
  return {
    sendingApplication: text(3),
    sendingFacility: text(4),
    receivingApplication: text(5),
    receivingFacility: text(6),
    dateTime: text(7),
    messageCode,
    triggerEvent,
    structure: messageStructure(messageCode, triggerEvent, text(9, 3).toUpperCase()),
    controlId: text(10),
    processingId: text(11),
    version: text(12),
    acceptAcknowledgment: text(15).toUpperCase(),
    applicationAcknowledgment: text(16).toUpperCase(),
  };
}

/**
 * The header of any message the split found, also of one that is refused: its ACK must name MSH-10. Where the bytes
 * could not be decoded MSH is read as ASCII with everything else replaced. Undefined without a usable MSH.
 */
export function readRawHeader(
  raw: RawMessage,
): { header: MessageHeader; delimiters: Delimiters } | undefined {
  const line = raw.text === '' ? asciiHeaderLine(raw.bytes) : nthPart(raw.text, '\r', 1);
  if (readDelimiters(line) === undefined || !line.startsWith('MSH')) return undefined;
  const message = parseMessage({ ...raw, text: line, diagnostics: [] });
  return { header: readHeader(message), delimiters: message.delimiters };
}

function asciiHeaderLine(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 4096)).toString('latin1');
  const line = text.slice(0, text.search(/[\r\n]|$/));
  return line.slice(0, 3).toUpperCase() + line.slice(3).replace(/[^\x20-\x7e]/g, '?');
}

export const isKnownVersion = (version: string): boolean => /^2\.[1-9](?:\.|$)/.test(version);

/**
 * What every message must say before anything else is looked at. An absent MSH-12 passes: interfaces of v2.1 times
 * leave it out, nothing else depends on it (structure comes from the event), and refusing would lose clinical data
 * over a formality. A version that is stated must be one of 2.1-2.9, with any further digits (`2.5.1`, `2.3.Z`).
 */
export function checkHeader(header: MessageHeader): RejectionCode | undefined {
  if (header.messageCode === '') return 'NO_MESSAGE_TYPE';
  if (header.controlId === '') return 'NO_CONTROL_ID';
  if (header.version !== '' && !isKnownVersion(header.version)) return 'UNSUPPORTED_VERSION';
  return undefined;
}
