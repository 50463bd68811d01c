import {
  checkHeader,
  parseMessage,
  readHeader,
  readRawHeader,
  splitMessages,
  type MessageHeader,
} from '../../../src/lib/hl7';

const header = (msh9: string, msh10 = '1', msh12 = '2.5.1'): MessageHeader =>
  readHeader(parseMessage(`MSH|^~\\&| LAB ^1.2^ISO|HOSP|EHR|FAC|20240101||${msh9}|${msh10}|P|${msh12}`));

test('every part, trimmed', () => {
  expect(header('ADT^A04', ' 42 ', '2.5.1^USA^X')).toEqual({
    sendingApplication: 'LAB',
    sendingFacility: 'HOSP',
    receivingApplication: 'EHR',
    receivingFacility: 'FAC',
    dateTime: '20240101',
    messageCode: 'ADT',
    triggerEvent: 'A04',
    structure: 'ADT_A01',
    controlId: '42',
    processingId: 'P',
    version: '2.5.1',
    acceptAcknowledgment: '',
    applicationAcknowledgment: '',
  });
});

test.each([
  ['ADT^A01', 'ADT_A01'],
  ['ADT^A08', 'ADT_A01'],
  ['adt^a08', 'ADT_A01'],
  ['ADT^A03', 'ADT_A03'],
  ['ADT^A28', 'ADT_A05'],
  ['ADT^A40', 'ADT_A39'],
  ['ADT^A47', 'ADT_A30'],
  ['ORU^R01', 'ORU_R01'],
  ['ORU^R32', 'ORU_R30'],
  ['SIU^S15', 'SIU_S12'],
  ['VXU^V04', 'VXU_V04'],
  ['MDM^T10', 'MDM_T02'],
  ['RDE^O25', 'RDE_O11'],
  ['ADT^A04^ADT_A04', 'ADT_A01'],
  ['ORU^R01^ORU_R01', 'ORU_R01'],
  ['ADT^A99^ADT_A01', 'ADT_A01'],
  ['ADT^A99', ''],
  ['ACK', 'ACK'],
  ['ADT', ''],
  ['__proto__^constructor', ''],
])('MSH-9 %s has structure "%s"', (msh9, structure) => {
  expect(header(msh9).structure).toBe(structure);
});

test.each([
  ['ADT^A01', '1', '2.1', undefined],
  ['ADT^A01', '1', '2.9', undefined],
  ['ADT^A01', '1', '2.3.Z', undefined],
  ['ADT^A01', '1', '', undefined],
  ['', '1', '2.5', 'NO_MESSAGE_TYPE'],
  ['ADT^A01', '', '2.5', 'NO_CONTROL_ID'],
  ['ADT^A01', '""', '2.5', 'NO_CONTROL_ID'],
  ['ADT^A01', '1', '3.0', 'UNSUPPORTED_VERSION'],
  ['ADT^A01', '1', '2.10', 'UNSUPPORTED_VERSION'],
  ['ADT^A01', '1', 'x', 'UNSUPPORTED_VERSION'],
])('MSH-9 "%s", MSH-10 "%s", MSH-12 "%s": %s', (msh9, msh10, msh12, code) => {
  expect(checkHeader(header(msh9, msh10, msh12))).toBe(code);
});

test('a damaged line after MSH is no part of the header', () => {
  const message = parseMessage('MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5\nPIDX|1||7');
  expect(readHeader(message).version).toBe('2.5');
  expect(message.diagnostics).toEqual([
    expect.objectContaining({ code: 'CONTINUATION_LINE', location: 'MSH[1]' }),
  ]);
});

test('the header of undecodable bytes is still readable for the acknowledgement', () => {
  const body = Buffer.from('MSH|^~\\&|L\xe4b|H|E|F|2024||ADT^A01|77|P|2.5||||||KLINGON\rPID|1', 'latin1');
  const [raw] = splitMessages(body).messages;
  expect(raw?.problem).toBe('CHARSET_UNKNOWN');
  const read = raw && readRawHeader(raw);
  expect(read?.header).toMatchObject({ controlId: '77', sendingApplication: 'L?b' });
  expect(read?.delimiters.component).toBe('^');
  const [none] = splitMessages(Buffer.from('hello')).messages;
  expect(none && readRawHeader(none)).toBeUndefined();
});
