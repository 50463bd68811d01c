/**
 * Every reason for which a message is refused for good, with its HL7 acknowledgement.
 * `ack`: MSA-1 in original mode, HL7 v2.5.1 ch. 2.9.2: AE = the content is wrong, AR = we will not take such a
 * message at all. `err3`: table 0357 (ERR-3); 100 is also its code for segments that are missing, 207 for what is wrong
 * with us. `at`: the place, where the reason itself says it. Texts are for people and hold no PHI.
 */
export const rejections = {
  EMPTY: { ack: 'AR', err3: '100', text: 'The body is empty. Send one HL7 v2 message or a batch.' },
  NOT_HL7: { ack: 'AR', err3: '100', text: 'No MSH, FHS or BHS segment was found. Send HL7 v2 (pipe) text.' },
  MSH_INVALID: {
    ack: 'AR',
    err3: '102',
    at: 'MSH[1]',
    text: 'MSH is too short or its delimiters are not distinct. Check MSH-1 and MSH-2.',
  },
  NO_CONTROL_ID: { ack: 'AE', err3: '101', at: 'MSH[1]-10', text: 'MSH-10 (message control id) is missing.' },
  NO_MESSAGE_TYPE: { ack: 'AE', err3: '101', at: 'MSH[1]-9', text: 'MSH-9 (message type) is missing.' },
  UNSUPPORTED_MESSAGE_TYPE: {
    ack: 'AR',
    err3: '200',
    at: 'MSH[1]-9[1].1',
    text: 'This message type (MSH-9.1) is not supported.',
  },
  UNSUPPORTED_EVENT: {
    ack: 'AR',
    err3: '201',
    at: 'MSH[1]-9[1].2',
    text: 'This trigger event (MSH-9.2) is not supported.',
  },
  PROCESSING_ID: {
    ack: 'AR',
    err3: '202',
    at: 'MSH[1]-11',
    text: 'This processing id (MSH-11) is not accepted from this sender.',
  },
  UNSUPPORTED_VERSION: {
    ack: 'AR',
    err3: '203',
    at: 'MSH[1]-12',
    text: 'This HL7 version (MSH-12) is not supported.',
  },
  CHARSET_UNKNOWN: {
    ack: 'AE',
    err3: '103',
    at: 'MSH[1]-18',
    text: 'MSH-18 names a character set that is not known (HL7 table 0211).',
  },
  CHARSET_INVALID: {
    ack: 'AE',
    err3: '102',
    text: 'The bytes are not valid in the character set of MSH-18 or of the sender profile.',
  },
  BATCH_TRUNCATED: {
    ack: 'AE',
    err3: '100',
    text: 'The batch ends inside a message: its trailer (BTS or FTS) is missing after this one.',
  },
  NO_PATIENT: { ack: 'AE', err3: '100', text: 'The PID segment is missing.' },
  NO_PATIENT_ID: { ack: 'AE', err3: '101', text: 'PID-3 (and PID-2, PID-4) hold no patient identifier.' },
  SEGMENT_MISSING: {
    ack: 'AE',
    err3: '100',
    text: 'A segment without which this event says nothing is missing.',
  },
  NO_RESULTS: { ack: 'AE', err3: '100', text: 'The result message has no OBR segment.' },
  UNKNOWN_TENANT: { ack: 'AR', err3: '204', text: 'The tenant of this message is not configured.' },
  SENDER_NOT_ALLOWED: {
    ack: 'AR',
    err3: '204',
    at: 'MSH[1]-3',
    text: 'MSH-3 / MSH-4 is not a sender of this tenant.',
  },
  BODY_NOT_HL7: {
    ack: 'AR',
    err3: '100',
    text: 'The body is JSON but neither a string of HL7 nor a claim check.',
  },
  CLAIM_CHECK_INVALID: {
    ack: 'AR',
    err3: '207',
    text: 'The claim-checked blob is missing or its hash or length differs.',
  },
  TOO_LARGE: { ack: 'AR', err3: '207', text: 'The message is larger than the configured limit.' },
  CONTROL_ID_REUSED: {
    ack: 'AE',
    err3: '205',
    at: 'MSH[1]-10',
    text: 'MSH-10 was used before by this sender for a different message.',
  },
  RESOURCE_INVALID: {
    ack: 'AE',
    err3: '207',
    text: 'The conversion made a resource that breaks a FHIR R4 rule. This is a defect of Medrelay.',
  },
  CONVERSION_FAILED: { ack: 'AE', err3: '207', text: 'The conversion failed. This is a defect of Medrelay.' },
} as const satisfies Record<string, { ack: 'AE' | 'AR'; err3: string; at?: string; text: string }>;

export type RejectionCode = keyof typeof rejections;
