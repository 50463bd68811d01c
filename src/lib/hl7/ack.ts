import type { AcknowledgementCode } from './ack-mode';
import { isKnownVersion } from './header';
import { buildMessage, type OutgoingField, type OutgoingSegment } from './outgoing';
import { rejections, type RejectionCode } from './rejections';
import type { Delimiters, MessageHeader } from './types';

/** Nothing is wrong with the message: the receiver could not take it now. */
const notTaken = {
  NOT_TAKEN: { err3: '207', text: 'The message could not be queued now. Send it again later.' },
} as const;
const reasons: Readonly<Record<AckError['code'], { err3: string; at?: string; text: string }>> = {
  ...rejections,
  ...notTaken,
};

export interface AckError {
  readonly code: RejectionCode | keyof typeof notTaken;
  /** As in a diagnostic: `PID[1]-3[2].1`; the reason's own place where it has one. */
  readonly location?: string;
}

interface Sender {
  /** Who answers where the message names no receiver. */
  readonly application?: string;
  readonly facility?: string;
  readonly controlId: string;
  readonly now: Date;
}

export interface AckInput extends Sender {
  /** Of the message that is answered; absent when it could not be read. */
  readonly header?: MessageHeader;
  readonly delimiters?: Delimiters;
  readonly code: AcknowledgementCode;
  readonly errors?: readonly AckError[];
}

export interface BatchAckInput extends Sender {
  /** Complete ACK messages, one for each message of the batch, in its order. */
  readonly acks: readonly string[];
  /** Of the batch's first message. */
  readonly header?: MessageHeader;
}

/** HL7 table 0357. */
const errorTexts: Readonly<Record<string, string>> = {
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '200': 'Unsupported message type',
  '201': 'Unsupported event code',
  '202': 'Unsupported processing id',
  '203': 'Unsupported version id',
  '204': 'Unknown key identifier',
  '205': 'Duplicate key identifier',
  '206': 'Application record locked',
  '207': 'Application internal error',
};

const fallbackVersion = '2.5.1';

const timestamp = (now: Date): string => `${now.toISOString().replace(/\D/g, '').slice(0, 14)}+0000`;

/** The parts of a location: segment, its occurrence, field, repetition, component, subcomponent. */
function locationParts(location: string): string[] {
  const match = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+)(?:\.(\d+))?)?)?$/.exec(
    location,
  );
  return (match?.slice(1) ?? []).filter((part: string | undefined) => part !== undefined);
}

/** Sending and receiving application and facility: the message's, swapped. */
const parties = (header: MessageHeader | undefined, sender: Sender): OutgoingField[] => [
  header?.receivingApplication || sender.application,
  header?.receivingFacility || sender.facility,
  header?.sendingApplication,
  header?.sendingFacility,
];

function errorSegments(errors: readonly AckError[], version: string, severity: string): OutgoingSegment[] {
  const details = errors.map(({ code, location }) => {
    const { err3, at = '', text } = reasons[code];
    return {
      code,
      text,
      at: locationParts(location ?? at),
      cwe: [err3, errorTexts[err3], 'HL70357'],
    };
  });
  if (details.length === 0) return [];
  // ERR-1 (ELD, one segment, repeating) was replaced by ERR-2 onwards (one segment per error) in v2.5.
  if (/^2\.[1-4]/.test(version))
    return [{ name: 'ERR', fields: [details.map(({ at, cwe }) => [at[0], at[1], at[2], cwe])] }];
  return details.map(({ code, text, at, cwe }) => ({
    name: 'ERR',
    fields: [undefined, [at], [cwe], severity, undefined, undefined, code, text],
  }));
}

/**
 * An acknowledgement in original or enhanced mode (ch. 2.9.2, 2.9.3) as text with CR line ends, to be sent as UTF-8.
 * Its own MSH-15 and MSH-16 stay empty: an acknowledgement is never acknowledged.
 */
export function buildAck(input: AckInput): string {
  const { header, code, errors = [] } = input;
  const version = header !== undefined && isKnownVersion(header.version) ? header.version : fallbackVersion;
  const firstError = errors[0];
  const segments: OutgoingSegment[] = [
    {
      name: 'MSH',
      fields: [
        ...parties(header, input),
        timestamp(input.now),
        undefined,
        header?.triggerEvent ? [['ACK', header.triggerEvent, 'ACK']] : 'ACK',
        input.controlId,
        header?.processingId || 'P',
        version,
      ],
    },
    {
      name: 'MSA',
      // MSA-3 is for receivers that know no ERR-8; it was withdrawn in v2.7.
      fields: [
        code,
        header?.controlId,
        firstError !== undefined && /^2\.[1-4]/.test(version) ? reasons[firstError.code].text : undefined,
      ],
    },
    ...errorSegments(errors, version, code.endsWith('A') ? 'W' : 'E'),
  ];
  const text = buildMessage(segments, input.delimiters);
  // Names echoed from the sender may need more than ASCII, then MSH-18 has to say what the bytes are.
  if (/^[\0-\x7f]*$/.test(text)) return text;
  const [msh, ...rest] = segments;
  const fields = [...(msh?.fields ?? []), ...Array<undefined>(5), 'UNICODE UTF-8'];
  return buildMessage([{ name: 'MSH', fields }, ...rest], input.delimiters);
}

/** The answer to a batch is a batch (ch. 2.10.3): each message's own ACK between BHS and BTS, which counts them. */
export function buildBatchAck(input: BatchAckInput): readonly string[] {
  const head = buildMessage([
    {
      name: 'BHS',
      fields: [
        ...parties(input.header, input),
        timestamp(input.now),
        undefined,
        undefined,
        undefined,
        input.controlId,
      ],
    },
  ]);
  return [head, ...input.acks, buildMessage([{ name: 'BTS', fields: [String(input.acks.length)] }])];
}
