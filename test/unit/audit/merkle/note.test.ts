import * as fc from 'fast-check';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import {
  checkSignatures,
  formatCheckpoint,
  formatNote,
  formatProof,
  logOrigin,
  noteKey,
  parseCheckpoint,
  parseNote,
  parseProof,
  type CheckpointBody,
} from '../../../../src/lib/audit/merkle';
import { flipped } from './trees';

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const key = noteKey(spki);
  return {
    spki,
    key,
    line: (text: string, name: string) => ({
      name,
      keyId: key.id,
      signature: sign('sha256', Buffer.from(text), privateKey),
    }),
  };
};
const [one, other] = [pair(), pair()];
const origin = logOrigin('demo', '2026');
const body: CheckpointBody = {
  origin,
  size: 70_000,
  root: createHash('sha256').update('root').digest('hex'),
  seq: 3,
  time: '2026-03-01T08:30:00.000Z',
  previous: createHash('sha256').update('note').digest('hex'),
};
const text = formatCheckpoint(body);
const note = formatNote({ text, signatures: [one.line(text, origin)] });
const judge = (signed: string, ...keys: (typeof one.key)[]): string => {
  const parsed = parseNote(signed);
  return parsed ? checkSignatures(parsed, origin, keys).verdict : 'no note';
};

describe('checkpoints', () => {
  it('are C2SP checkpoints: origin, size, base64 root, then our lines', () => {
    expect(text.split('\n')).toEqual([
      'medrelay.audit/demo/2026',
      '70000',
      Buffer.from(body.root, 'hex').toString('base64'),
      'seq 3',
      'time 2026-03-01T08:30:00.000Z',
      `previous ${body.previous}`,
      '',
    ]);
    expect(parseCheckpoint(text)).toEqual(body);
    const firstOne = { ...body, seq: 1, size: 0, previous: '' };
    expect(parseCheckpoint(formatCheckpoint(firstOne))).toEqual(firstOne);
  });

  it.each([
    ['a leading zero', (t: string) => t.replace('70000', '070000')],
    ['a size beyond all numbers', (t: string) => t.replace('70000', '9'.repeat(17))],
    ['no last line end', (t: string) => t.slice(0, -1)],
    ['a line more', (t: string) => `${t}more\n`],
    ['a line less', (t: string) => t.replace(/previous .*\n/, '')],
    ['Windows line ends', (t: string) => t.replaceAll('\n', '\r\n')],
    ['other spare bits in the root', (t: string) => t.replace(/(.)=\n/, (_, c: string) => `${next(c)}=\n`)],
    ['a root of another length', (t: string) => t.replace(/\n(.{43})=/, '\n$1A')],
    ['seq 0', (t: string) => t.replace('seq 3', 'seq 0')],
  ])('with %s are none', (_, damage) => {
    expect(damage(text)).not.toBe(text);
    expect(parseCheckpoint(damage(text))).toBeUndefined();
  });
});

/** The next letter of base64: here only bits that nothing uses differ. */
const next = (letter: string): string => String.fromCharCode(letter.charCodeAt(0) + 1);

describe('signed notes', () => {
  it('name their key by the beginning of the SHA-256 of its SPKI', () => {
    const digest = createHash('sha256').update(one.spki).digest('hex');
    expect(one.key).toMatchObject({ id: digest.slice(0, 8), fingerprint: `SHA256:${digest}` });
    const [line = ''] = note.split('\n').slice(-2);
    expect(line).toMatch(/^— medrelay\.audit\/demo\/2026 [A-Za-z0-9+/]+=*$/);
    expect(Buffer.from(line.split(' ')[2] ?? '', 'base64').toString('hex', 0, 4)).toBe(one.key.id);
  });

  it('are signed, forged or of an unknown key', () => {
    expect(judge(note, one.key)).toBe('signed');
    expect(judge(note, other.key, one.key)).toBe('signed');
    expect(judge(note, other.key)).toBe('key-unknown');
    expect(judge(note)).toBe('key-unknown');
    expect(judge(note.replace('70000', '70001'), one.key)).toBe('forged');
    const elsewhere = formatNote({ text, signatures: [one.line(text, logOrigin('demo', '2027'))] });
    expect(judge(elsewhere, one.key)).toBe('key-unknown');
  });

  it('may carry signatures of strangers, but no wrong one of a key that is known', () => {
    const signatures = [other.line(text, 'witness.example/w1'), one.line(text, origin)];
    expect(judge(formatNote({ text, signatures }), one.key)).toBe('signed');
    const wrong = { ...other.line(text, origin), signature: one.line(text, origin).signature };
    const mixed = formatNote({ text, signatures: [one.line(text, origin), wrong] });
    expect(judge(mixed, one.key)).toBe('signed');
    expect(judge(mixed, one.key, other.key)).toBe('forged');
  });

  it('lose their validity with every bit that changes, and with every byte cut off', () => {
    const bytes = Buffer.from(note);
    const stillSigned = Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter(
      (bit) => judge(flipped(bytes, bit).toString('utf8'), one.key) === 'signed',
    );
    expect(stillSigned).toEqual([]);
    const stillWhole = Array.from({ length: bytes.length }, (_, end) => end).filter(
      (end) => judge(bytes.subarray(0, end).toString('utf8'), one.key) === 'signed',
    );
    expect(stillWhole).toEqual([]);
  });

  it('are parsed back whatever the text, empty lines included', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((s) => !/[\0-\x1f]/.test(s));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
        const any = `text\n${lines.join('\n')}\n`;
        const parsed = parseNote(formatNote({ text: any, signatures: [one.line(any, origin)] }));
        expect(parsed?.text).toBe(any);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a text alone', text],
    ['no signature line', `${text}\n`],
    ['a control character', note.replace('seq', 'seq\t')],
    ['a signature of four bytes', `${text}\n— a AAAAAA==\n`],
    [
      '65 signatures',
      formatNote({ text, signatures: Array.from({ length: 65 }, () => one.line(text, origin)) }),
    ],
  ])('are not %s', (_, damaged) => {
    expect(parseNote(damaged)).toBeUndefined();
  });
});

describe('proof texts', () => {
  const path = ['a', 'b', 'c'].map((part) => createHash('sha256').update(part).digest());

  it('are C2SP tlog-proofs and are read back', () => {
    const proof = formatProof({ index: 5, path, checkpoint: note });
    expect(proof.split('\n').slice(0, 2)).toEqual(['c2sp.org/tlog-proof@v1', 'index 5']);
    expect(parseProof(proof)).toEqual({ index: 5, path, checkpoint: note });
    expect(parseProof(formatProof({ index: 0, path: [], checkpoint: note }))).toEqual({
      index: 0,
      path: [],
      checkpoint: note,
    });
  });

  it.each([
    ['another version', (t: string) => t.replace('@v1', '@v2')],
    ['no index', (t: string) => t.replace('index 5\n', '')],
    ['a negative index', (t: string) => t.replace('index 5', 'index -5')],
    ['half a hash', (t: string) => t.replace(/\n[^\n]{44}\n/, '\nAAAA\n')],
    ['no checkpoint', (t: string) => t.slice(0, t.indexOf('\n\n'))],
  ])('with %s are none', (_, damage) => {
    expect(parseProof(damage(formatProof({ index: 5, path, checkpoint: note })))).toBeUndefined();
  });
});
