import fc from 'fast-check';
import iconv from 'iconv-lite';
import { parseMessage, readHeader, readRawHeader, splitMessages, type SplitBody } from '../../../src/lib/hl7';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const msh = (id: string, charset = ''): string =>
  `MSH|^~\\&|LAB|HOSP|EHR|HOSP|20240101||ORU^R01|${id}|P|2.5.1${charset && `||||||${charset}`}`;
const message = (id: string): string => `${msh(id)}\rPID|1||${id}^^^H\rOBX|1|TX|N||text`;
const ids = (split: SplitBody): string[] =>
  split.messages.map((raw) => raw.problem ?? readHeader(parseMessage(raw)).controlId);
const codes = (split: SplitBody): string[] => split.diagnostics.map((d) => d.code);
const only = (body: Uint8Array, options?: { defaultCharset?: string }) => {
  const { messages } = splitMessages(body, options);
  expect(messages).toHaveLength(1);
  const [raw] = messages;
  if (raw === undefined) throw new Error('no message');
  return raw;
};

describe('framing and line ends', () => {
  test.each([
    ['CR', '\r'],
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['blank lines between', '\r\r\n\n'],
  ])('%s separates segments', (_name, end) => {
    expect(only(bytes(message('1').replaceAll('\r', end))).text).toBe(message('1'));
  });

  test('mixed line ends lose no segment', () => {
    const raw = only(bytes(`${msh('1')}\rPID|1\nPV1|1\r\nOBX|1\r`));
    expect(parseMessage(raw).segments.map((s) => s.name)).toEqual(['MSH', 'PID', 'PV1', 'OBX']);
  });

  test('byte order mark, MLLP frame, leading blanks and no final line end give the same bytes', () => {
    const plain = bytes(message('1'));
    for (const body of [
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), plain]),
      bytes(`\x0b${message('1')}\r\x1c\r`),
      bytes(`\x0b${message('1')}\x1c`),
      bytes(`\r\n  \t\n ${message('1')}\r\n\r\n`),
    ])
      expect(Buffer.from(only(body).bytes)).toEqual(plain);
  });

  test('MLLP frames in a row are messages, what stands between them is reported', () => {
    const split = splitMessages(bytes(`\x0b${message('1')}\r\x1c\r# note\r\x0b${message('2')}\r\x1c\r`));
    expect(ids(split)).toEqual(['1', '2']);
    expect(codes(split)).toEqual(['TEXT_OUTSIDE_MESSAGE']);
  });

  test('a frame-end character inside a text ends nothing', () => {
    const raw = only(bytes(`${msh('1')}\rOBX|1|TX|N||a\x1cb|||N\rNTE|1||c`));
    const read = parseMessage(raw);
    expect(read.first('OBX')?.get(5)).toBe('ab');
    expect(read.first('OBX')?.get(8)).toBe('N');
    expect(read.diagnostics.map((d) => d.code)).toEqual(['CONTROL_CHARACTER']);
  });

  test.each([
    ['nothing', '', 'EMPTY'],
    ['blanks and line ends', ' \r\n\t\r\n', 'EMPTY'],
    ['an empty frame', '\x0b\x1c\r', 'EMPTY'],
    ['words', 'hello world', 'NOT_HL7'],
    ['JSON', '{"a":1}', 'NOT_HL7'],
    ['a message without MSH', 'PID|1||2\rPV1|1', 'NOT_HL7'],
    ['MSH alone', 'MSH', 'MSH_INVALID'],
    ['a short MSH', 'MSH|^~', 'MSH_INVALID'],
    ['three encoding characters', 'MSH|^~\\|A|B', 'MSH_INVALID'],
    ['equal delimiters', 'MSH|^^\\&|A|B', 'MSH_INVALID'],
    ['a quote as delimiter', 'MSH|^~"&|A|B', 'MSH_INVALID'],
  ])('%s is refused', (_name, body, problem) => {
    const raw = only(bytes(body));
    expect(raw.problem).toBe(problem);
    expect(() => parseMessage(raw)).toThrow(problem);
  });
});

describe('several messages', () => {
  test('concatenated messages are split, also without a line end between them', () => {
    const split = splitMessages(bytes(`${message('1')}\r${message('2')}${message('3')}\r`));
    expect(ids(split)).toEqual(['1', '2', '3']);
    expect(codes(split)).toEqual(['MESSAGES_GLUED']);
  });

  test('files with byte order marks joined without a line end leave no mark behind', () => {
    const split = splitMessages(bytes(`\ufeff${message('1')}\ufeff${message('2')}\x0b${message('3')}`));
    expect(split.messages.map((m) => m.text)).toEqual(['1', '2', '3'].map(message));
  });

  test('each message has its own delimiters', () => {
    const split = splitMessages(
      bytes(`${message('1')}\rMSH$%~\\#$A$B$C$D$2024$$ADT%A01$2$P$2.3\rPID$1$$7%%%H`),
    );
    expect(ids(split)).toEqual(['1', '2']);
    const second = split.messages[1];
    expect(second && parseMessage(second).first('PID')?.get(3, 4)).toBe('H');
  });

  test('report text that begins with MSH| does not split', () => {
    const split = splitMessages(
      bytes(`${message('1')}\nMSH|was the unit\nMSH| ^~\\&|\nMSH|^~\\& explained\nMSH\r${message('2')}`),
    );
    expect(ids(split)).toEqual(['1', '2']);
    const first = split.messages[0];
    expect(first && parseMessage(first).first('OBX')?.field(5).raw).toBe('text\nMSH');
  });

  test('a damaged header is its own message, never text of the patient before it', () => {
    const split = splitMessages(bytes(`${message('1')}\rMSH|^~\rPID|1||other\r${message('2')}`));
    expect(ids(split)).toEqual(['1', 'MSH_INVALID', '2']);
    expect(split.messages[0]?.text).not.toContain('other');
  });

  test('segments before the first MSH are refused, not dropped', () => {
    expect(ids(splitMessages(bytes(`PID|1||9\r${message('1')}`)))).toEqual(['NOT_HL7', '1']);
  });
});

describe('batches', () => {
  const FHS = 'FHS|^~\\&|A\r';
  const BHS = 'BHS|^~\\&|A\r';

  test('a file of batches with the right counts', () => {
    const split = splitMessages(
      bytes(`${FHS}${BHS}${message('1')}\r${message('2')}\rBTS|2\r${BHS}${message('3')}\rBTS|1\rFTS|2\r`),
    );
    expect(ids(split)).toEqual(['1', '2', '3']);
    expect(split.batch).toEqual({ complete: true, declaredCount: 3 });
    expect(split.diagnostics).toEqual([]);
  });

  test('one bad message does not sink the others', () => {
    expect(ids(splitMessages(bytes(`${BHS}${message('1')}\rMSH|^~\r${message('3')}\rBTS|3`)))).toEqual([
      '1',
      'MSH_INVALID',
      '3',
    ]);
  });

  test('a wrong count is reported and refuses nothing', () => {
    const split = splitMessages(bytes(`${FHS}${BHS}${message('1')}\rBTS|5\rFTS|3`));
    expect(ids(split)).toEqual(['1']);
    expect(codes(split)).toEqual(['BATCH_COUNT_MISMATCH', 'FILE_COUNT_MISMATCH']);
  });

  test('without the trailer only the last message is refused', () => {
    const split = splitMessages(bytes(`${BHS}${message('1')}\r${message('2')}`));
    expect(ids(split)).toEqual(['1', 'BATCH_TRUNCATED']);
    expect(split.batch).toEqual({ complete: false });
    const last = split.messages[1];
    expect(last && readRawHeader(last)?.header.controlId).toBe('2');
  });

  test('a file trailer lost behind a complete batch refuses no message', () => {
    const split = splitMessages(bytes(`${FHS}${BHS}${message('1')}\rBTS|1\r`));
    expect(ids(split)).toEqual(['1']);
    expect(codes(split)).toEqual(['BATCH_INCOMPLETE']);
  });

  test('a trailer without header, in lower case, with other delimiters', () => {
    const split = splitMessages(bytes(`bhs$%~\\#$A\r${message('1')}\rbts$1\rBTS|1`));
    expect(ids(split)).toEqual(['1']);
    expect(split.batch?.complete).toBe(true);
    expect(codes(split)).toEqual(['BATCH_HEADER_MISSING', 'BATCH_COUNT_MISMATCH']);
  });

  test('a batch without messages still has one fate', () => {
    expect(ids(splitMessages(bytes(`${BHS}BTS|0`)))).toEqual(['EMPTY']);
    expect(ids(splitMessages(bytes(BHS)))).toEqual(['BATCH_TRUNCATED']);
  });
});

describe('lines that are no segments', () => {
  test('are appended to the field before them, with the blank lines between', () => {
    const raw = only(bytes(`${msh('1')}\nOBX|1|TX|N||first\nsecond\n\nlast|||N\nNTE|1||n\n`));
    const obx = parseMessage(raw).first('OBX');
    expect(obx?.get(5)).toBe('first\nsecond\n\nlast');
    expect(obx?.get(8)).toBe('N');
    expect(raw.diagnostics).toEqual([
      expect.objectContaining({ code: 'CONTINUATION_LINE', location: 'OBX[1]' }),
    ]);
  });

  test('names in lower case are segments when the standard knows them', () => {
    const raw = only(bytes(`${msh('1').replace('MSH', 'msh')}\rPid|1||7\rzpi|1\rNTE|1||x\rthe|end`));
    expect(parseMessage(raw).segments.map((s) => s.name)).toEqual(['MSH', 'PID', 'ZPI', 'NTE']);
    expect(raw.diagnostics.map((d) => `${d.code} ${d.location}`)).toEqual([
      'SEGMENT_NAME_CASE MSH[1]',
      'SEGMENT_NAME_CASE PID[1]',
      'SEGMENT_NAME_CASE ZPI[1]',
      'CONTINUATION_LINE NTE[1]',
    ]);
  });

  test('a bare standard name is a segment, any other bare word is text', () => {
    const raw = only(bytes(`${msh('1')}\rPV1\rNTE|1||x\rEND`));
    expect(raw.text.split('\r').slice(1)).toEqual(['PV1', 'NTE|1||x\nEND']);
  });
});

describe('character sets', () => {
  const name = (charset: string, encoded: Buffer, options?: { defaultCharset?: string }) => {
    const raw = only(
      Buffer.concat([bytes(`${msh('1', charset)}\rPID|1||1||`), encoded, bytes('^X\r')]),
      options,
    );
    return raw.problem ?? parseMessage(raw).first('PID')?.get(5);
  };

  test.each([
    ['', 'utf8', 'Müller'],
    ['UNICODE UTF-8', 'utf8', '李明'],
    ['UTF-8', 'utf8', 'Müller'],
    ['8859/1', 'latin1', 'Müller'],
    ['ISO-8859-1', 'win1252', 'Müller–€'],
    ['8859/2', 'iso-8859-2', 'Łódź'],
    ['8859/5', 'iso-8859-5', 'Иван'],
    ['8859/7', 'iso-8859-7', 'Γιώργος'],
    ['8859/15', 'iso-8859-15', 'œ€'],
    ['GB 18030-2000', 'gb18030', '王小明'],
    ['BIG-5', 'big5', '王小明'],
    ['KS X 1001', 'euc-kr', '홍길동'],
    ['Shift_JIS', 'shift_jis', '山田ソ表'],
    ['WINDOWS-1252', 'win1252', '“Müller”'],
    ['CP850', 'cp850', 'Müller'],
    ['ASCII', 'ascii', 'Miller'],
    ['ASCII', 'utf8', 'Müller'],
  ])('MSH-18 %s (%s)', (charset, encoding, text) => {
    expect(name(charset, iconv.encode(text, encoding))).toBe(text);
  });

  test('the second repetition of MSH-18 reaches JIS by escape sequences, the first is the default', () => {
    const yamada = Buffer.concat([
      Buffer.from('\x1b$B'),
      Buffer.from('3b454c', 'hex'),
      Buffer.from('45', 'hex'),
      Buffer.from('\x1b(B'),
    ]);
    expect(name('~ISO IR87', yamada)).toHaveLength(2);
    expect(name('8859/1~UNICODE UTF-8', Buffer.from([0xfc]))).toBe('ü');
  });

  test('an empty MSH-18 takes the default of the sender, UTF-8 without one', () => {
    const latin1 = Buffer.from('Müller', 'latin1');
    expect(name('', latin1)).toBe('CHARSET_INVALID');
    expect(name('', latin1, { defaultCharset: '8859/1' })).toBe('Müller');
    expect(name('', Buffer.from([0x81]), { defaultCharset: 'cp850' })).toBe('ü');
    const raw = only(Buffer.concat([bytes(`${msh('77')}\rPID|`), latin1]));
    expect(raw.diagnostics[0]?.safeMessage).toContain('sender profile');
    expect(readRawHeader(raw)?.header.controlId).toBe('77');
  });

  test('unknown and wrong names', () => {
    expect(name('KLINGON', bytes('x'))).toBe('CHARSET_UNKNOWN');
    expect(name('CNS 11643-1992', bytes('x'))).toBe('CHARSET_UNKNOWN');
    expect(name('UNICODE UTF-8', Buffer.from([0xfc]))).toBe('CHARSET_INVALID');
    expect(name('ASCII', Buffer.from([0xfc]))).toBe('CHARSET_INVALID');
    expect(name('UNICODE UTF-16', bytes('ü'))).toBe('ü');
  });

  test('a blank or deleted MSH-18 is an absent one', () => {
    expect(name('""', Buffer.from('Müller'))).toBe('Müller');
    expect(name(' ', Buffer.from('Müller'))).toBe('Müller');
  });

  test('Latin-1 that would be UTF-8 as well is read as declared and reported', () => {
    const raw = only(bytes(`${msh('1', '8859/1')}\rPID|1||1||Müller`));
    expect(parseMessage(raw).first('PID')?.get(5)).toBe('MÃ¼ller');
    expect(raw.diagnostics.map((d) => d.code)).toEqual(['CHARSET_DOUBTFUL']);
  });

  test('an unknown default is a fault of the configuration', () => {
    expect(() => splitMessages(bytes(message('1')), { defaultCharset: 'KLINGON' })).toThrow(
      'DEFAULT_CHARSET_UNKNOWN',
    );
  });

  test.each(['le', 'be'])('UTF-16%s with and without a byte order mark', (order) => {
    const text = `${msh('1')}\rPID|1||1||李\r${message('2')}\r`;
    const encoded = iconv.encode(text, `utf-16${order}`);
    for (const body of [encoded, iconv.encode(`\ufeff${text}`, `utf-16${order}`, { addBOM: false })]) {
      const split = splitMessages(body);
      expect(ids(split)).toEqual(['1', '2']);
      const first = split.messages[0];
      expect(first && parseMessage(first).first('PID')?.get(5)).toBe('李');
      expect(iconv.decode(Buffer.from(split.messages[1]?.bytes ?? []), `utf-16${order}`)).toBe(message('2'));
    }
  });
});

describe('properties', () => {
  const body = fc.array(
    fc
      .stringMatching(/^[A-Z][A-Z0-9]{2}\|[ -~]{0,30}$/)
      .filter((line) => !/^(MSH|FHS|BHS|FTS|BTS)/.test(line) && !line.includes('MSH')),
    { maxLength: 6 },
  );
  const end = fc.constantFrom('\r', '\n', '\r\n', '\r\r\n', '\n\n');

  test('any line ends and framing give the same messages', () => {
    fc.assert(
      fc.property(
        fc.array(body, { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(end),
        fc.boolean(),
        fc.constantFrom('', '\ufeff', '\r\n', '  '),
        (bodies, ends, framed, lead) => {
          const next = (): string => ends.next().value ?? '\r';
          const texts = bodies.map((lines, i) => [msh(String(i)), ...lines]);
          const sent = texts
            .map((lines) => {
              const text = lines.map((line) => line + next()).join('');
              return framed ? `\x0b${text}\x1c\r` : text;
            })
            .join('');
          const split = splitMessages(bytes(lead + sent));
          expect(split.messages.map((m) => m.text)).toEqual(
            texts.map((lines) => lines.map((line) => line).join('\r')),
          );
        },
      ),
    );
  });

  test('arbitrary bytes: never throws, never empty, bytes are in the body, readable or refused', () => {
    const fragment = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc
        .constantFrom(
          'MSH|^~\\&|',
          'MSH',
          '\r',
          '\n',
          '\x0b',
          '\x1c',
          'BHS|^~\\&|',
          'BTS|1',
          'FHS|',
          'FTS',
          '\\X',
          '\0',
          '\xff\xfe',
        )
        .map((t) => Buffer.from(t, 'latin1')),
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 30 }), (fragments) => {
        const whole = Buffer.concat(fragments);
        const { messages } = splitMessages(whole);
        expect(messages.length).toBeGreaterThan(0);
        messages.forEach((raw, i) => {
          expect(raw.index).toBe(i);
          expect(whole.includes(Buffer.from(raw.bytes))).toBe(true);
          readRawHeader(raw);
          if (raw.problem !== undefined) return;
          for (const segment of parseMessage(raw).segments)
            for (let f = 0; f <= segment.fieldCount; f++) {
              segment.get(f);
              expect(typeof segment.field(f).isPopulated).toBe('boolean');
            }
        });
      }),
      { numRuns: 500 },
    );
  });
});

test('20 MB in many messages and in one field', () => {
  const many = splitMessages(bytes(`${message('1')}\r`.repeat(200_000)));
  expect(many.messages).toHaveLength(200_000);
  const big = only(bytes(`${msh('1')}\rOBX|1|ED|N||${'QUJD'.repeat(5_000_000)}`));
  expect(parseMessage(big).first('OBX')?.get(5)).toHaveLength(20_000_000);
});
