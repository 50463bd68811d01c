import {
  acknowledgementCode,
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

describe('original and enhanced mode', () => {
  const answers = (header: string): string => {
    const read = readHeader(parseMessage(`MSH|^~\\&|A|B|C|D|2024||ADT^A08|7|P|2.5.1|||${header}`));
    return (['AA', 'AE', 'AR'] as const).map((code) => acknowledgementCode(read, code) ?? '-').join(' ');
  };

  // HL7 v2.5.1 table 0155 for MSH-15 and MSH-16.
  test.each([
    ['', 'AA AE AR'],
    ['AL', 'CA CE CR'],
    ['al', 'CA CE CR'],
    ['ER', '- CE CR'],
    ['SU', 'CA - -'],
    ['NE', '- - -'],
    ['""', 'AA AE AR'],
    ['YES', 'CA CE CR'],
    ['AL|AL', 'CA CE CR'],
    ['AL|NE', 'CA CE CR'],
    ['ER|AL', '- CE CR'],
    ['NE|NE', '- - -'],
    ['NE|AL', 'AA AE AR'],
    ['NE|ER', '- AE AR'],
    ['|AL', 'AA AE AR'],
    ['|SU', 'AA - -'],
    ['|NE', '- - -'],
  ])('MSH-15|16 = %s: %s', (header, expected) => expect(answers(header)).toBe(expected));

  test('a message that cannot be read is answered in original mode', () => {
    expect(acknowledgementCode(undefined, 'AR')).toBe('AR');
  });

  test.each(['AA', 'AE', 'AR', 'CA', 'CE', 'CR'] as const)(
    '%s names the message and asks for nothing',
    (code) => {
      const message = read({ code });
      expect(message.first('MSA')?.raw).toBe(`MSA|${code}|C 1`);
      expect([message.msh.get(15), message.msh.get(16)]).toEqual([undefined, undefined]);
    },
  );
});

describe('ERR by version', () => {
  const errors = [{ code: 'NO_PATIENT_ID' as const, location: 'PID[1]-3' }];
  const old = 'ERR|PID^1^3^101&Required field missing&HL70357';
  const since25 =
    'ERR||PID^1^3|101^Required field missing^HL70357|E|||NO_PATIENT_ID|PID-3 (and PID-2, PID-4) hold no patient identifier.';

  test.each([
    ['2.1', old],
    ['2.2', old],
    ['2.3', old],
    ['2.3.1', old],
    ['2.4', old],
    ['2.5', since25],
    ['2.5.1', since25],
    ['2.6', since25],
    ['2.7', since25],
    ['2.8.2', since25],
    ['2.9', since25],
    ['', since25],
    ['9.9', since25],
  ])('version %s', (version, expected) => {
    const message = read({ header: { ...base.header, version }, code: 'CE', errors });
    expect(message.all('ERR').map((segment) => segment.raw)).toEqual([expected]);
  });

  test('a receiver that cannot take it now says so, and that it may be sent again', () => {
    expect(read({ code: 'AE', errors: [{ code: 'NOT_TAKEN' }] }).first('ERR')?.raw).toBe(
      'ERR|||207^Application internal error^HL70357|E|||NOT_TAKEN|The message could not be queued now. Send it again later.',
    );
  });
});

test('a batch is answered by a batch', () => {
  const text = buildBatchAck({
    ...base,
    acks: [ack({ controlId: '1' }), ack({ controlId: '2' })],
    controlId: 'B1',
  }).join('');
  const split = splitMessages(Buffer.from(text));
  expect(split.messages.map((m) => readHeader(parseMessage(m)).controlId)).toEqual(['1', '2']);
  expect(split.batch).toEqual({ complete: true, declaredCount: 2 });
  expect(split.diagnostics).toEqual([]);
  expect(text.split('\r')[0]).toBe('BHS|^~\\&|EHR|FAC|LAB|HOSP|20240203040506+0000||||B1');
});
