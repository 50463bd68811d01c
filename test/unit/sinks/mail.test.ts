import { parseMail } from '../../../local/sinks/mail';

const mail = (...lines: string[]) => parseMail(Buffer.from(lines.join('\r\n'), 'latin1'));

test.each([
  ['folded between encoded words', ['=?utf-8?B?S2FsaXVt?=', ' =?utf-8?B?IDYsOA==?='], 'Kalium 6,8'],
  ['with underscores for spaces', ['=?utf-8?Q?Gr=C3=B6=C3=9Fe_und_Ma=C3=9F?='], 'Größe und Maß'],
  ['in another charset', ['=?iso-8859-1?q?Gr=F6=DFe?='], 'Größe'],
])('a subject %s', (_, lines, expected) => {
  expect(mail(`Subject: ${lines.join('\r\n')}`, '', 'x').subject).toBe(expected);
});

test('quoted-printable with soft line ends, in its charset', () => {
  const headers = [
    'Content-Type: text/plain; charset=iso-8859-1',
    'Content-Transfer-Encoding: quoted-printable',
  ];
  expect(mail(...headers, '', 'a long line=', ' goes on: =F6').text).toBe('a long line goes on: ö');
});

test('plain text counts before HTML, also within a part', () => {
  const inner = [
    'Content-Type: multipart/alternative; boundary=in',
    '',
    '--in',
    'Content-Type: text/html',
    '',
    '<b>x</b>',
    '--in',
    'Content-Type: text/plain',
    '',
    'plain',
    '--in--',
  ];
  const outer = ['Content-Type: multipart/mixed; boundary="out"', '', '--out', ...inner, '--out--'];
  expect(mail(...outer).text).toBe('plain');
});
