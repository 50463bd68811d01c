import {
  buildAck,
  buildBatchAck,
  parseMessage,
  readHeader,
  splitMessages,
  type AckInput,
  type Hl7Message,
} from '../../../src/lib/hl7';

const sent = parseMessage('MSH|^~\\&|LAB|HOSP|EHR|FAC|20240101||ADT^A08^ADT_A01|C 1|T|2.5.1\rPID|1');
const base = { header: readHeader(sent), controlId: 'ACK1', now: new Date('2024-02-03T04:05:06.789Z') };
const ack = (input: Partial<AckInput>): string => buildAck({ ...base, code: 'AA', ...input });
const read = (input: Partial<AckInput>): Hl7Message => parseMessage(ack(input));

test('an accept swaps the parties and names the message', () => {
  expect(ack({})).toBe(
    'MSH|^~\\&|EHR|FAC|LAB|HOSP|20240203040506+0000||ACK^A08^ACK|ACK1|T|2.5.1\rMSA|AA|C 1\r',
  );
});

test('from v2.5 every error has its own ERR with ERR-2, 3, 4, 7, 8', () => {
  const message = read({
    code: 'AE',
    errors: [{ code: 'NO_PATIENT_ID', location: 'PID[1]-3[2].1' }, { code: 'NO_RESULTS' }],
  });
  expect(message.all('ERR').map((s) => s.raw)).toEqual([
    'ERR||PID^1^3^2^1|101^Required field missing^HL70357|E|||NO_PATIENT_ID|PID-3 (and PID-2, PID-4) hold no patient identifier.',
    'ERR|||100^Segment sequence error^HL70357|E|||NO_RESULTS|The result message has no OBR segment.',
  ]);
  expect(message.first('MSA')?.raw).toBe('MSA|AE|C 1');
});

test('before v2.5 the errors repeat in ERR-1 and MSA-3 holds the text', () => {
  const message = read({
    header: { ...base.header, version: '2.3' },
    code: 'AR',
    errors: [{ code: 'UNSUPPORTED_EVENT', location: 'MSH[1]-9' }, { code: 'NO_RESULTS' }],
  });
  expect(message.msh.get(12)).toBe('2.3');
  expect(message.all('ERR').map((s) => s.raw)).toEqual([
    'ERR|MSH^1^9^201&Unsupported event code&HL70357~^^^100&Segment sequence error&HL70357',
  ]);
  expect(message.first('MSA')?.get(3)).toBe('This trigger event (MSH-9.2) is not supported.');
});

test('without a readable message the answer is still an HL7 message', () => {
  const text = buildAck({
    code: 'AR',
    errors: [{ code: 'NOT_HL7' }],
    controlId: 'X',
    now: base.now,
    application: 'MEDRELAY',
  });
  const message = parseMessage(text);
  expect(readHeader(message)).toMatchObject({
    sendingApplication: 'MEDRELAY',
    messageCode: 'ACK',
    version: '2.5.1',
    processingId: 'P',
  });
  expect(message.first('MSA')?.get(2)).toBeUndefined();
});

test('an unknown version is answered in 2.5.1', () => {
  expect(read({ header: { ...base.header, version: '9.9' } }).msh.get(12)).toBe('2.5.1');
});

test('the delimiters of the sender, hostile names escaped, MSH-18 when it is not ASCII', () => {
  const header = { ...base.header, sendingApplication: 'Läb|x\rPID|1', controlId: 'a$b%c' };
  const text = buildAck({
    ...base,
    header,
    code: 'AA',
    delimiters: { field: '$', component: '%', repetition: '~', escape: '\\', subcomponent: '#' },
  });
  const { messages } = splitMessages(Buffer.from(text));
  expect(messages).toHaveLength(1);
  const message = parseMessage(text);
  expect(message.segments.map((s) => s.name)).toEqual(['MSH', 'MSA']);
  expect(message.msh.get(5)).toBe('Läb|x\rPID|1');
  expect(message.msh.get(18)).toBe('UNICODE UTF-8');
  expect(message.first('MSA')?.get(2)).toBe('a$b%c');
});

test('a batch is answered by a batch', () => {
  const text = buildBatchAck({
    ...base,
    acks: [ack({ controlId: '1' }), ack({ controlId: '2' })],
    controlId: 'B1',
  });
  const split = splitMessages(Buffer.from(text));
  expect(split.messages.map((m) => readHeader(parseMessage(m)).controlId)).toEqual(['1', '2']);
  expect(split.batch).toEqual({ complete: true, declaredCount: 2 });
  expect(split.diagnostics).toEqual([]);
  expect(text.split('\r')[0]).toBe('BHS|^~\\&|EHR|FAC|LAB|HOSP|20240203040506+0000||||B1');
});
