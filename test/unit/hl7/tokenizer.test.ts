import fc from 'fast-check';
import { parseMessage, splitMessages, type Hl7Message } from '../../../src/lib/hl7';

const MSH = 'MSH|^~\\&|LAB|HOSP|EHR|HOSP|20240101||ORU^R01|1|P|2.5.1';
const read = (...lines: string[]): Hl7Message => parseMessage([MSH, ...lines].join('\r'));
const codes = (message: Hl7Message): string[] => message.diagnostics.map((d) => `${d.code} ${d.location}`);

describe('positions', () => {
  const message = read('PID|1||1^^^NS&1.2.3&ISO^MR~2^^^X^PI||A&B^ ||""|""^x| ', 'NTE|1', 'NTE|2', 'ZZ1|a');

  test('MSH-1 is the separator, MSH-2 the encoding characters, unsplit', () => {
    expect(message.msh.get(1)).toBe('|');
    expect(message.msh.get(2)).toBe('^~\\&');
    expect(message.msh.field(2).repetitions.map((r) => r.raw)).toEqual(['^~\\&']);
    expect(message.msh.field(2).first.component(1).subcomponentCount).toBe(1);
    expect(message.msh.get(2, 2)).toBeUndefined();
    expect(message.msh.get(9, 2)).toBe('R01');
    expect(message.msh.fieldCount).toBe(12);
  });

  test('repetition, component and subcomponent', () => {
    const field = message.first('PID')?.field(3);
    expect(field?.repetitions.map((r) => [r.get(1), r.get(4), r.get(4, 2), r.get(4, 3), r.get(5)])).toEqual([
      ['1', 'NS', '1.2.3', 'ISO', 'MR'],
      ['2', 'X', undefined, undefined, 'PI'],
    ]);
    expect(field?.first.component(4).subcomponentCount).toBe(3);
    expect(field?.first.component(4).sub(2)).toBe('1.2.3');
    expect(field?.first.componentCount).toBe(5);
    expect(message.first('PID')?.get(5, 1, 2)).toBe('B');
  });

  test('absent, empty, blank and "" are told apart', () => {
    const pid = message.first('PID');
    expect(pid?.get(2)).toBeUndefined();
    expect(pid?.get(99)).toBeUndefined();
    expect(pid?.get(0)).toBeUndefined();
    expect(pid?.get(5, 2)).toBeUndefined();
    expect(pid?.get(9)).toBeUndefined();
    expect(pid?.get(7)).toBeNull();
    expect(pid?.get(8)).toBeNull();
    expect([pid?.field(7).isNull, pid?.field(8).isNull, pid?.field(2).isNull]).toEqual([true, false, false]);
    expect([1, 2, 7, 8, 9].map((n) => pid?.field(n).isPopulated)).toEqual([true, false, true, true, false]);
    expect(pid?.field(2).repetitions).toEqual([]);
    expect(pid?.field(2).first.get(1)).toBeUndefined();
  });

  test('segments by name, with their number', () => {
    expect(message.all('NTE').map((s) => [s.occurrence, s.index, s.get(1)])).toEqual([
      [1, 2, '1'],
      [2, 3, '2'],
    ]);
    expect(message.first('ZZ1')?.get(1)).toBe('a');
    expect(message.first('OBX')).toBeUndefined();
    expect(message.all('constructor')).toEqual([]);
    expect(message.all('__proto__')).toEqual([]);
  });
});

describe('escapes', () => {
  const leaf = (text: string): [string | null | undefined, string[]] => {
    const message = read(`OBX|1|TX|||${text}`);
    return [message.first('OBX')?.get(5), codes(message).map((c) => c.split(' ')[0] ?? '')];
  };

  test.each([
    ['a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f', 'a|b^c&d~e\\f'],
    ['O\\T\\P', 'O&P'],
    ['\\H\\bold\\N\\ text', 'bold text'],
    ['a\\.br\\b\\.BR\\c', 'a\nb\nc'],
    ['a\\.sp\\b\\.sp2\\c\\.sp+2\\d', 'a\nb\n\nc\n\nd'],
    ['\\.in+4\\a\\.ti-2\\b\\.nf\\c\\.fi\\d', 'abcd'],
    ['a\\.ce\\b\\.sk3\\c', 'a\nb   c'],
    ['\\X0D0A\\x', '\r\nx'],
    ['\\XC3A9\\ \\XC3\\\\XA9\\', 'é é'],
    ['\\E\\T\\E\\', '\\T\\'],
    ['\\P\\', '#'],
  ])('%s', (sent, text) => {
    expect(leaf(sent)).toEqual([text, []]);
  });

  test.each([
    ['4\\5 re.', '4\\5 re.', ['ESCAPE_UNBALANCED']],
    ['4\\5 O\\T\\P', '4\\5 O&P', ['ESCAPE_UNKNOWN']],
    ['C:\\temp\\read', 'C:\\temp\\read', ['ESCAPE_UNKNOWN', 'ESCAPE_UNBALANCED']],
    ['\\\\server', '\\\\server', ['ESCAPE_UNKNOWN', 'ESCAPE_UNBALANCED']],
    ['\\X0\\ \\XZZ\\ \\X\\', '\\X0\\ \\XZZ\\ \\X\\', ['ESCAPE_HEX_INVALID']],
    ['\\XFC\\', '\\XFC\\', ['ESCAPE_HEX_INVALID']],
    ['\\C2842\\x\\M244A\\y\\Zab\\', '\\C2842\\x\\M244A\\y\\Zab\\', ['ESCAPE_KEPT']],
    ['\\.sp999999999\\', '\\.sp999999999\\', ['ESCAPE_UNKNOWN', 'ESCAPE_UNBALANCED']],
    ['a\0b\x07\\X00\\', 'ab', ['CONTROL_CHARACTER']],
  ])('%s stays or is cleaned, with a diagnostic', (sent, text, findings) => {
    expect(leaf(sent)).toEqual([text, findings]);
  });

  test('hexadecimal bytes are in the character set of the message', () => {
    const [raw] = splitMessages(Buffer.from(`${MSH}||||||8859/1\rOBX|1|TX|||M\\XFC\\ller`)).messages;
    expect(raw && parseMessage(raw).first('OBX')?.get(5)).toBe('Müller');
  });

  test('an escaped pair of quotes is text, only breaks are nothing', () => {
    expect(leaf('\\X2222\\')[0]).toBe('""');
    expect(leaf('\\.br\\\\.br\\')[0]).toBeUndefined();
    expect(read('OBX|1|TX|||\\.br\\').first('OBX')?.field(5).isPopulated).toBe(false);
  });

  test('escapes mean the delimiters of their own message', () => {
    const message = parseMessage(
      'MSH$%*@#$A$B$C$D$2024$$ADT%A01$1$P$2.3\rPID$1$$a@F@b@S@c@T@d@R@e@E@f\\F\\*g%h#i',
    );
    expect(message.first('PID')?.get(3)).toBe('a$b%c#d*e@f\\F\\');
    expect(message.first('PID')?.field(3).repetitions[1]?.get(2, 2)).toBe('i');
  });

  test('a diagnostic says where, once, and never what', () => {
    const message = read('PID|1||1~a^b&SECRET\\Q\\');
    const repetition = message.first('PID')?.field(3).repetitions[1];
    repetition?.get(2, 2);
    repetition?.component(2).sub(2);
    expect(codes(message)).toEqual(['ESCAPE_UNKNOWN PID[1]-3[2].2.2', 'ESCAPE_UNBALANCED PID[1]-3[2].2.2']);
    expect(JSON.stringify(message.diagnostics)).not.toContain('SECRET');
  });

  test('the truncation character splits nothing and is reported at the end of a value', () => {
    const message = parseMessage(`${MSH.replace('^~\\&', '^~\\&#')}\rOBX|1|TX|||a#b^c#`);
    expect(message.delimiters.truncation).toBe('#');
    expect(message.first('OBX')?.get(5)).toBe('a#b');
    expect(message.first('OBX')?.get(5, 2)).toBe('c#');
    expect(codes(message)).toEqual(['VALUE_TRUNCATED OBX[1]-5[1].2']);
  });

  test('a doubled backslash in MSH-2 is one', () => {
    const message = parseMessage(`${MSH.replace('^~\\&', '^~\\\\&')}\rPID|1||a&b^c`);
    expect(message.first('PID')?.get(3, 1, 2)).toBe('b');
    expect(message.delimiters.truncation).toBeUndefined();
  });
});

test('a string holds one message in any framing', () => {
  expect(parseMessage(`\x0b${MSH}\nPID|1||7\n\x1c\r`).first('PID')?.get(3)).toBe('7');
  expect(parseMessage(`${MSH}\rPID|1||\ud800x`).first('PID')?.get(3)).toBe('\ufffdx');
  expect(() => parseMessage(`${MSH}\r${MSH}`)).toThrow('NOT_HL7');
  expect(() => parseMessage('')).toThrow('EMPTY');
});

test('a hundred thousand parts are read one by one', () => {
  const n = 100_000;
  const obx = read(
    `OBX|1|ED|||${'a~'.repeat(n)}|${'b^'.repeat(n)}|${'c&'.repeat(n)}|${'\\Q'.repeat(n)}`,
  ).first('OBX');
  expect(obx?.field(5).repetitions.filter((r) => r.get(1) === 'a')).toHaveLength(n);
  const components = obx?.field(6).first;
  let found = 0;
  for (let i = 1; i <= (components?.componentCount ?? 0); i++) if (components?.get(i) === 'b') found++;
  const subs = obx?.field(7).first.component(1);
  for (let i = 1; i <= (subs?.subcomponentCount ?? 0); i++) if (subs?.sub(i) === 'c') found++;
  expect(found).toBe(2 * n);
  expect(obx?.get(8)).toHaveLength(2 * n);
});

test('whatever stands in a field, every read gives text, null or nothing, and both ways to read agree', () => {
  const field = fc.string({
    unit: fc.constantFrom('a', '^', '~', '\\', '&', '"', ' ', 'X', 'F', '4', '.', 'b', 'r', '\0', 'ü'),
    maxLength: 30,
  });
  fc.assert(
    fc.property(field, (raw) => {
      const segment = read(`OBX|1|TX|||${raw}`).first('OBX');
      const first = segment?.field(5).first;
      for (let c = 1; c <= (first?.componentCount ?? 0); c++)
        for (let s = 1; s <= (first?.component(c).subcomponentCount ?? 0); s++) {
          const leaf = first?.get(c, s);
          expect(leaf === undefined || leaf === null || leaf.trim() !== '').toBe(true);
          expect(segment?.get(5, c, s)).toBe(leaf);
          expect(first?.component(c).sub(s)).toBe(leaf);
        }
    }),
    { numRuns: 1000 },
  );
});
