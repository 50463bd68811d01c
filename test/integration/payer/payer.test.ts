import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPayer, type Payer } from '../../../local/payer';

let dataDir: string;
let payer: Payer;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'payer-'));
  payer = await startPayer({ port: 0, dataDir, now: () => Date.UTC(2026, 2, 4, 5, 6) });
});
afterAll(async () => {
  await payer.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
beforeEach(() => script([]));

const isa =
  'ISA*00*          *00*          *ZZ*CLINIC         *ZZ*HEALTHPLAN     *260304*0506*^*00501*000000042*0*T*:';
/** Synthetic throughout. */
const body = [
  'ST*270*0001*005010X279A1',
  'BHT*0022*13*REF-1*20260304*0506',
  'HL*1**20*1',
  'NM1*PR*2*LOCAL HEALTH*****PI*12345',
  'HL*2*1*21*1',
  'NM1*1P*2*CLINIC*****XX*1234567893',
  'HL*3*2*22*0',
  'TRN*1*CHECK-7*9CLINIC',
  'NM1*IL*1*EXAMPLE*ANN****MI*M100',
  'DMG*D8*19800101*F',
  'DTP*291*D8*20251204',
  'EQ*30^98',
];
const inquiry = (lines: readonly string[] = body, count = lines.length + 1): string =>
  [
    isa,
    'GS*HS*CLINIC*HEALTHPLAN*20260304*0506*1*X*005010X279A1',
    ...lines,
    `SE*${count}*0001`,
    'GE*1*1',
    'IEA*1*000000042',
  ]
    .map((line) => `${line}~`)
    .join('');

const ask = (text = inquiry(), signal?: AbortSignal): Promise<Response> =>
  fetch(payer.url, { method: 'POST', body: text, ...(signal ? { signal } : {}) });
const answer = async (text?: string): Promise<string[]> =>
  (await (await ask(text)).text()).split('~').map((segment) => segment.trim());
async function script(rules: unknown): Promise<number> {
  return (await fetch(new URL('/_script', payer.url), { method: 'PUT', body: JSON.stringify(rules) })).status;
}

test('an active member: the envelope turned round, the trace returned, benefits', async () => {
  const segments = await answer();
  const [first = ''] = segments;
  expect(first).toHaveLength(105);
  expect(
    first
      .split('*')
      .slice(5, 9)
      .map((each) => each.trim()),
  ).toEqual(['ZZ', 'HEALTHPLAN', 'ZZ', 'CLINIC']);
  expect(segments).toEqual(
    expect.arrayContaining([
      'GS*HB*HEALTHPLAN*CLINIC*20260304*0506*1*X*005010X279A1',
      'ST*271*0001*005010X279A1',
      'BHT*0022*11*REF-1*20260304*0506',
      'TRN*2*CHECK-7*9CLINIC',
      'NM1*IL*1*EXAMPLE*ANN****MI*M100',
      'DMG*D8*19800101*F',
      'DTP*346*D8*20250101',
      'EB*1*IND*30^98*C1*LOCAL HEALTH PPO',
      'EB*C*IND*30^98*C1*LOCAL HEALTH PPO*29*640.25*****Y',
      'IEA*1*000000042',
    ]),
  );
  const [st, se] = [
    segments.findIndex((each) => each.startsWith('ST')),
    segments.findIndex((each) => each.startsWith('SE')),
  ];
  expect(segments[se]).toBe(`SE*${se - st + 1}*0001`);
});

test.each([
  ['inactive', 'EB*6*IND*30^98*C1*LOCAL HEALTH PPO'],
  ['notFound', 'AAA*N**75*C'],
  ['unavailable', 'AAA*Y**42*R'],
])('%s', async (kind, segment) => {
  await script([{ memberId: 'M100', answer: kind }]);
  const segments = await answer();
  expect(segments).toContain(segment);
  expect(segments.some((each) => each.startsWith('EB*1'))).toBe(false);
  if (kind === 'notFound') expect(segments.some((each) => /^(EB|DMG)/.test(each))).toBe(false);
});

test('delimiters are those of the interchange, and none gets from a value into the answer', async () => {
  const text = inquiry(body.map((line) => line.replace('EXAMPLE', 'EX@AMP:LE')))
    .replaceAll('~', '\n')
    .replaceAll('*', '|')
    .replaceAll('^', '!')
    .replaceAll('@', '*');
  const segments = await answer(text);
  expect(segments).toContain('NM1*IL*1*EX AMP LE*ANN****MI*M100');
  expect(segments).toContain('EB*1*IND*30^98*C1*LOCAL HEALTH PPO');
});

test('inquiries go to one path', async () => {
  const elsewhere = await fetch(new URL('/other', payer.url), { method: 'POST', body: inquiry() });
  expect(elsewhere.status).toBe(404);
});

test('503, so often, and only for that member', async () => {
  await script([
    { memberId: 'M100', answer: '503', times: 1 },
    { memberId: 'M200', answer: 'inactive' },
  ]);
  expect((await ask()).status).toBe(503);
  expect(await answer()).toContain('EB*1*IND*30^98*C1*LOCAL HEALTH PPO');
});

test('malformed: the envelope never ends', async () => {
  await script([{ answer: 'malformed' }]);
  const text = (await answer()).join('~');
  expect(text).toMatch(/^ISA/);
  expect(text).not.toContain('IEA');
});

test('timeout: nothing until the client gives up', async () => {
  await script([{ answer: 'timeout' }]);
  const patience = new AbortController();
  const asked = ask(inquiry(), patience.signal);
  for (;;) {
    const { entries } = (await (await fetch(new URL('/_received?limit=1', payer.url))).json()) as {
      entries: { title: string }[];
    };
    if (entries[0]?.title === '270, answered: timeout') break;
  }
  patience.abort();
  await expect(asked).rejects.toThrow();
});

test.each([
  ['no interchange', 'hello', /ISA segment/],
  ['a cut one', inquiry().slice(0, -20), /one ISA and one IEA/],
  ['a wrong count', inquiry(body, 99), /SE01 says 99, there are 13/],
  ['another control number', inquiry().replace('IEA*1*000000042', 'IEA*1*000000043'), /control numbers/],
  [
    'two transaction sets',
    inquiry([...body, `SE*${body.length + 1}*0001`, ...body]).replace('GE*1*', 'GE*2*'),
    /exactly one ST and one SE/,
  ],
  ['another version', inquiry().replace('0001*005010X279A1', '0001*004010'), /not 005010X279A1/],
  ['no subscriber', inquiry(body.filter((line) => !line.startsWith('NM1*IL'))), /subscriber/],
])('%s is refused with the reason', async (_, text, reason) => {
  const response = await ask(text);
  expect(response.status).toBe(400);
  const { message } = (await response.json()) as { message: string };
  expect(message).toMatch(reason);
  const { entries } = (await (await fetch(new URL('/_received?limit=1', payer.url))).json()) as {
    entries: { title: string; details: { answer: string } }[];
  };
  expect(entries[0]).toMatchObject({ title: '270, answered: refused', details: { answer: message } });
});

test('a script with a mistake is refused', async () => {
  expect([await script([{ answer: 'perhaps' }]), await script([{ answer: 'active', member: 'x' }])]).toEqual([
    400, 400,
  ]);
});
