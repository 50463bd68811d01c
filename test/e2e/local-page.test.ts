import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { CosmosClient } from '@azure/cosmos';
import { ServiceBusClient } from '@azure/service-bus';
import { createTransport } from 'nodemailer';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import type { StackInfo } from '../../local';
import { cleanUp, folder, root, stackOf, start, type Started } from './medrelay';

/** An ES module, which jest's CommonJS cannot load: asked in a process of its own. */
const chromium = (): { executablePath: string; args: string[] } =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [
        ...['--input-type=module', '--eval'],
        "import chromium from '@sparticuz/chromium'; console.log(JSON.stringify({ executablePath: await chromium.executablePath(), args: chromium.args }));",
      ],
      { cwd: root, encoding: 'utf8' },
    ),
  ) as { executablePath: string; args: string[] };
const EVIL = '<img src=x onerror="document.title=\'owned\'"><b>bold</b>';
const TIMER = 'auditJournalReplay';

let running: Started;
let stack: StackInfo;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  const dataDir = join(folder(), 'data');
  running = start(join(root, 'dist/cli.js'), ['start', '--data', dataDir, '--ports', 'auto']);
  await running.printed('is ready');
  stack = stackOf(dataDir);
  const { executablePath, args } = chromium();
  browser = await playwright.launch({ executablePath, args: [...args, '--no-sandbox'], headless: true });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  running?.interrupt();
  await running?.ended;
  await cleanUp();
}, 120_000);

/** The tab, freshly opened. */
async function tab(name: string): Promise<void> {
  await page.goto(`${stack.services.page.url}#${name}`);
  await page.reload();
}
const shows = (text: string) => page.getByText(text, { exact: false }).first().waitFor({ timeout: 30_000 });

test('shows the depth of a queue and a dead letter', async () => {
  const client = new ServiceBusClient(stack.serviceBus.connectionString);
  const queue = 'hl7-rejected';
  const sender = client.createSender(queue);
  try {
    await sender.sendMessages([
      { messageId: 'm1', body: { note: EVIL } },
      { messageId: 'm2', body: 'two' },
      { messageId: 'm3', body: 'three' },
    ]);
    const receiver = client.createReceiver(queue);
    const [first] = await receiver.receiveMessages(1);
    if (!first) throw new Error('No message came.');
    await receiver.deadLetterMessage(first, {
      deadLetterReason: 'NotUnderstood',
      deadLetterErrorDescription: EVIL,
    });
    await receiver.close();
  } finally {
    await sender.close();
    await client.close();
  }
  await tab('Queues');
  const row = page.locator('tr', { has: page.getByText(queue, { exact: true }) });
  await row.waitFor();
  expect((await row.locator('td').allInnerTexts()).slice(0, 4)).toEqual([queue, '2', '0', '1']);
  expect(await row.locator('svg polyline').count()).toBe(2);
  await row.locator('td.bad button').click();
  await shows('NotUnderstood');
  expect(await page.locator('#detail').innerText()).toContain(EVIL);
});

test('shows a document, and markup as text', async () => {
  const client = new CosmosClient(stack.cosmos.connectionString);
  try {
    await client
      .database('clinical')
      .container('messages')
      .items.create({ id: 'doc-1', pk: 'p', note: EVIL });
  } finally {
    client.dispose();
  }
  await tab('Documents');
  await page
    .locator('tr', { hasText: 'clinical' })
    .getByRole('button', { name: 'messages', exact: true })
    .click();
  await shows('Documents: 1');
  expect(await page.locator('#detail').innerText()).toContain('"id": "doc-1"');
  expect(await page.locator('#detail').innerText()).toContain('onerror=');
  expect([await page.locator('img').count(), await page.title()]).toEqual([0, 'Local stack']);
});

test('runs a timer now and shows the run', async () => {
  await tab('Functions');
  const row = page.locator('tr', { has: page.getByText(TIMER, { exact: true }) });
  await row.getByRole('button', { name: 'Run now' }).click();
  await row.getByText('Succeeded').waitFor({ timeout: 50_000 });
  await row.getByRole('button', { name: TIMER }).click();
  await shows('programmatically called via the host APIs');
});

test('shows a mail that was received', async () => {
  const transport = createTransport({ url: stack.services.sinks.smtpUrl });
  await transport.sendMail({
    from: 'a@example.org',
    to: 'nurse@example.org',
    subject: `Alert ${EVIL}`,
    text: 'Look.',
  });
  transport.close();
  await tab('Mail');
  await shows('nurse@example.org');
  await page.getByRole('button', { name: 'Alert' }).click();
  await shows('Look.');
});

test('every tab answers', async () => {
  for (const name of ['Orchestrations', 'SMS', 'Webhooks', 'Payer']) {
    await tab(name);
    await page.locator('#list :is(table, p.empty)').waitFor();
    expect(await page.locator('#problem').isHidden()).toBe(true);
  }
});

test('is for this machine and for its own page alone', async () => {
  const { port, url } = stack.services.page;
  const status = async (path: string, init: RequestInit = {}): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`, init)).status;
  expect(await status('/local/api/queues', { headers: { origin: 'https://example.org' } })).toBe(403);
  expect(await status('/local/api/queues', { headers: { 'sec-fetch-site': 'cross-site' } })).toBe(403);
  expect(await status(`/local/api/run?name=${TIMER}`)).toBe(405);
  expect(await status(`/local/api/run?name=${TIMER}`, { method: 'POST' })).toBe(403);
  const wrong = { method: 'POST', headers: { 'x-local-token': 'wrong' } };
  expect(await status(`/local/api/run?name=${TIMER}`, wrong)).toBe(403);
  const answer = await fetch(url);
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  expect(await answer.text()).not.toContain(stack.functionKeys.master);
  // A name that only resolves to this machine.
  await page.goto(url.replace('127.0.0.1', 'localhost'));
  await page.locator('nav button').first().waitFor();
  expect(await statusForHost(port, `evil.example:${port}`)).toBe(403);
});

/** fetch sends no Host of one's own choice. */
async function statusForHost(port: number, host: string): Promise<number | undefined> {
  const asked = request({ host: '127.0.0.1', port, path: '/local', headers: { host } }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

test('nothing went wrong in the browser, and it can be looked at', async () => {
  expect(complaints).toEqual([]);
  const target = process.env['MEDRELAY_SCREENSHOTS'];
  if (!target) return;
  for (const name of ['Queues', 'Functions', 'Documents', 'Mail']) {
    await tab(name);
    await page.locator('#list table').waitFor();
    if (name === 'Queues') await page.locator('td.bad button').first().click();
    if (name === 'Documents') await page.getByRole('button', { name: 'messages', exact: true }).click();
    if (name !== 'Functions' && name !== 'Mail') await page.locator('#detail table').waitFor();
    await page.screenshot({ path: join(target, `page-${name}.png`), fullPage: true });
  }
});
