import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { startSinks, type Sinks } from '../../../local/sinks';

let dataDir: string;
let sinks: Sinks;
const open = (): Promise<Sinks> => startSinks({ port: 0, smtpPort: 0, dataDir });
const url = (path: string): string => `http://127.0.0.1:${sinks.port}${path}`;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sinks-'));
  sinks = await open();
});
afterAll(async () => {
  await sinks.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  await fetch(url('/_received'), { method: 'DELETE' });
  await script([]);
});

interface Entry {
  seq: number;
  kind: string;
  from?: string;
  to?: string;
  title: string;
  details: Record<string, unknown>;
  body: string;
}
const received = async (query = ''): Promise<Entry[]> =>
  ((await (await fetch(url(`/_received${query}`))).json()) as { entries: Entry[] }).entries;
const script = async (rules: unknown): Promise<number> =>
  (await fetch(url('/_script'), { method: 'PUT', body: JSON.stringify(rules) })).status;

describe('mail', () => {
  async function send(mail: SendMailOptions, auth?: { user: string; pass: string }): Promise<void> {
    const { hostname: host, port } = new URL(sinks.smtpUrl);
    const transport = createTransport({ host, port: Number(port), ...(auth ? { auth } : {}) });
    try {
      await transport.sendMail({ from: 'a@example.org', to: 'b@example.org, c@example.org', ...mail });
    } finally {
      transport.close();
    }
  }

  test('is recorded with sender, recipients, subject and text', async () => {
    await send({ subject: 'Kalium: 6,8 – dringend ✓', text: 'Größe ✓\nline two', html: '<b>Größe</b>' });
    expect(await received('?kind=mail')).toMatchObject([
      {
        from: 'a@example.org',
        to: 'b@example.org, c@example.org',
        title: 'Kalium: 6,8 – dringend ✓',
        details: { answer: 250, text: 'Größe ✓\nline two' },
      },
    ]);
  });

  test('any name and password will do', async () => {
    await send({ subject: 'signed in', text: 'x' }, { user: 'u', pass: 'p' });
    expect(await received('?contains=signed')).toHaveLength(1);
  });

  test('is refused when the script says so, so often', async () => {
    await script([{ path: 'smtp', status: 451, body: 'Try later.', times: 1 }]);
    await expect(send({ subject: 'one', text: 'x' })).rejects.toMatchObject({ responseCode: 451 });
    await send({ subject: 'two', text: 'x' });
    expect((await received()).map(({ title, details }) => [title, details['answer']])).toEqual([
      ['two', 250],
      ['one', 451],
    ]);
  });
});

describe('text messages', () => {
  const path = '/sms?api-version=2021-03-07';
  function send(body: object, change: Record<string, string> = {}): Promise<Response> {
    const text = JSON.stringify(body);
    const key = Buffer.from(/accesskey=(.*)$/.exec(sinks.smsConnectionString)?.[1] ?? '', 'base64');
    const date = new Date().toUTCString();
    const hash = createHash('sha256').update(text).digest('base64');
    const signed = `POST\n${path}\n${date};127.0.0.1:${sinks.port};${hash}`;
    const signature = createHmac('sha256', key).update(signed).digest('base64');
    const headers = {
      'content-type': 'application/json',
      'x-ms-date': date,
      'x-ms-content-sha256': hash,
      authorization: `HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`,
      ...change,
    };
    return fetch(url(path), { method: 'POST', headers, body: text });
  }
  const message = {
    from: '+15550001111',
    message: 'Critical result',
    smsRecipients: [{ to: '+15550002222' }, { to: '555' }],
  };

  test('answered for each recipient and recorded', async () => {
    const response = await send(message);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      value: [
        { to: '+15550002222', httpStatusCode: 202, successful: true },
        { to: '555', httpStatusCode: 400, successful: false },
      ],
    });
    expect(await received('?kind=sms&to=2222')).toMatchObject([
      { from: '+15550001111', to: '+15550002222, 555', title: 'Critical result' },
    ]);
    expect(await received('?kind=sms&to=9999')).toEqual([]);
  });

  test('a wrong signature is denied, a wrong body refused', async () => {
    expect((await send(message, { authorization: 'HMAC-SHA256 SignedHeaders=x&Signature=x' })).status).toBe(
      401,
    );
    expect((await send(message, { 'x-ms-content-sha256': 'x' })).status).toBe(401);
    const ofOther = `HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${'A'.repeat(43)}=`;
    expect((await send(message, { authorization: ofOther })).status).toBe(401);
    expect((await send({ from: '+1' })).status).toBe(400);
    expect((await send({ ...message, smsRecipients: [] })).status).toBe(400);
    expect((await fetch(url('/sms'), { method: 'POST', body: '{}' })).status).toBe(400);
  });

  test('throttled when the script says so', async () => {
    await script([{ path: '/sms', status: 429, headers: { 'retry-after': '1' }, times: 1 }]);
    const response = await send(message);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
    expect((await send(message)).status).toBe(202);
  });
});

describe('webhooks', () => {
  test('method, headers and body', async () => {
    const body = '{"resourceType":"Bundle"}';
    await fetch(url('/hooks/a?x=1'), { method: 'PUT', body, headers: { 'x-signature': 's' } });
    expect(await received('?kind=webhook')).toMatchObject([
      {
        to: '/hooks/a',
        title: 'PUT /hooks/a?x=1',
        body,
        details: { headers: { 'x-signature': 's' }, answer: 200 },
      },
    ]);
  });

  test('scripted: a status with a body, a delay, a cut connection', async () => {
    await script([
      { path: '/hooks/slow', delayMs: 300 },
      { path: '/hooks/gone', status: 410, body: 'gone', headers: { 'x-a': 'b' } },
      { path: '/hooks/cut', drop: true },
    ]);
    const before = performance.now();
    expect((await fetch(url('/hooks/slow'))).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(290);
    const gone = await fetch(url('/hooks/gone'));
    expect([gone.status, await gone.text(), gone.headers.get('x-a')]).toEqual([410, 'gone', 'b']);
    await expect(fetch(url('/hooks/cut'))).rejects.toThrow();
    expect(await received('?to=/hooks/cut')).toMatchObject([{ details: { answer: 'dropped' } }]);
  });

  test('a rule is for everything below its path', async () => {
    await script([{ path: '/hooks/all', status: 418 }]);
    expect((await fetch(url('/hooks/all/below'))).status).toBe(418);
    expect((await fetch(url('/hooks/al'))).status).toBe(200);
  });

  test('a body of more than 4 MiB is refused', async () => {
    const body = Buffer.alloc(4 * 1024 * 1024 + 1, 'x');
    expect((await fetch(url('/hooks/large'), { method: 'POST', body })).status).toBe(413);
  });

  test('a script with a mistake is refused', async () => {
    expect(await script({ path: '/' })).toBe(400);
    expect(await script([{ path: '/', stauts: 500 }])).toBe(400);
    expect(await script([{ status: 500 }])).toBe(400);
    expect(await script([{ path: '/', times: 0 }])).toBe(400);
    expect(await script([{ path: '/', status: '500' }])).toBe(400);
  });
});

describe('the view', () => {
  test('pages by number, newest first', async () => {
    for (const each of ['a', 'b', 'c']) await fetch(url(`/hooks/${each}`));
    const all = await received();
    expect(all.map(({ to }) => to)).toEqual(['/hooks/c', '/hooks/b', '/hooks/a']);
    expect((await received('?limit=1')).map(({ to }) => to)).toEqual(['/hooks/c']);
    expect((await received(`?after=${all[1]?.seq}`)).map(({ to }) => to)).toEqual(['/hooks/c']);
  });

  test('is not for pages of other sites', async () => {
    expect((await fetch(url('/_received'), { headers: { origin: 'https://example.org' } })).status).toBe(403);
    const asked = request(url('/_received'), { headers: { host: 'example.org' } }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(403);
  });

  test('survives a restart', async () => {
    await fetch(url('/hooks/kept'));
    await sinks.stop();
    sinks = await open();
    expect((await received()).map(({ to }) => to)).toEqual(['/hooks/kept']);
  });
});
