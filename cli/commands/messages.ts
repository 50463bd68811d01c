import { Command, Option } from 'commander';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MedrelayError } from '../../src/lib/errors';
import type { MessageDocument, MessageStatus } from '../../src/lib/ingest';
import type { Services } from '../../src/lib/services';
import { auditRawRead } from '../audit-read';
import { dataOption, limitOption } from '../options';
import { tenantOf, withServices } from '../services';
import { printList, shortTime } from '../terminal';

const statuses: readonly MessageStatus[] = [
  'received',
  'converted',
  'stored',
  'done',
  'rejected',
  'conflict',
  'duplicate',
];

export function messagesCommand(): Command {
  const command = new Command('messages')
    .summary('see, replay and correct messages')
    .description('Every message that ever arrived, and what became of it.');
  command
    .command('list')
    .summary('newest first; or what waits for a person')
    .addOption(new Option('--status <status>', 'only with this status').choices(statuses))
    .option('--tenant <id>', 'only this tenant')
    .addOption(limitOption())
    .option(
      '--waiting',
      'what waits for a person (hl7-rejected, dead-letter) or for its next attempt (scheduled)',
    )
    .option('--json', 'one object with items')
    .addOption(dataOption())
    .action((options: ListOptions) => withServices(options.data, (services) => list(services, options)));
  command
    .command('show <key>')
    .summary('one message with its duplicates and conflicts, as JSON')
    .option('--raw', 'the bytes as they arrived (patient data; the look is audited)')
    .option('--json', 'on one line')
    .addOption(dataOption())
    .action((key: string, options: ShowOptions) =>
      withServices(options.data, (services) => show(services, key, options)),
    );
  command
    .command('replay <key>')
    .summary('process a rejected, unfinished or dead-lettered message again')
    .addOption(dataOption())
    .action((key: string, options: { data: string }) =>
      withServices(options.data, async ({ ingest }) => {
        oneMessage(await ingest.showMessage(key));
        for (const id of await ingest.replay(key)) console.log(`sent again: ${id}`);
      }),
    );
  command
    .command('edit <key>')
    .summary('correct a message in $EDITOR and send it; the original stays')
    .option('--file <file>', 'take the corrected message from a file instead of an editor')
    .addOption(dataOption())
    .action((key: string, options: { data: string; file?: string }) =>
      withServices(options.data, (services) => edit(services, key, options.file)),
    );
  return command;
}

interface ShowOptions {
  readonly data: string;
  readonly raw?: true;
  readonly json?: true;
}

interface ListOptions {
  readonly data: string;
  readonly status?: string;
  readonly tenant?: string;
  readonly limit: number;
  readonly waiting?: true;
  readonly json?: true;
}

async function list(
  services: Services,
  { status, tenant, limit, waiting, json }: ListOptions,
): Promise<void> {
  const { ingest } = services;
  if (waiting) {
    printList(await ingest.listWaiting(), json, ({ queue, id, code, enqueuedAt, until }) => ({
      since: shortTime(enqueuedAt),
      queue,
      code,
      until: until && shortTime(until),
      id,
    }));
    return;
  }
  const found = await ingest.listMessages({
    limit,
    ...(status !== undefined && { status }),
    ...(tenant !== undefined && { tenantId: tenantOf(services, tenant) }),
  });
  printList(found, json, (message) => ({
    received: shortTime(message.receivedAt),
    status: message.status,
    code: message.code ?? message.waiting?.code,
    event: message.event,
    resources: message.resourceCount,
    message: message.key,
  }));
}

async function show(services: Services, key: string, { raw, json }: ShowOptions): Promise<void> {
  const documents = await services.ingest.showMessage(key);
  if (documents.length === 0)
    throw new MedrelayError('MESSAGE_NOT_FOUND', 'No message has this key. See `medrelay messages list`.');
  if (!raw) {
    console.log(JSON.stringify({ items: documents }, null, json ? 0 : 2));
    return;
  }
  for (const document of documents) process.stdout.write(await readAudited(services, document));
}

async function edit(services: Services, key: string, file: string | undefined): Promise<void> {
  const documents = oneMessage(await services.ingest.showMessage(key));
  // The newest that somebody has to correct; behind a duplicate of it is the message itself.
  const document =
    documents.find(({ status }) => status === 'rejected' || status === 'conflict') ?? documents.at(-1);
  if (!document)
    throw new MedrelayError('MESSAGE_NOT_FOUND', 'No message has this key. See `medrelay messages list`.');
  const original = await readAudited(services, document);
  const corrected = file === undefined ? await inEditor(original) : await readFile(file);
  if (segmentsOf(original) === segmentsOf(corrected))
    throw new MedrelayError('NOT_CHANGED', 'Nothing was changed, so nothing was sent.');
  for (const { key: sent } of await services.ingest.resubmitEdited(document.id, corrected))
    console.log(`sent: ${sent}`);
}

/** A control id alone may be that of several senders; what changes something must mean one of them. */
function oneMessage(documents: readonly MessageDocument[]): readonly MessageDocument[] {
  const keys = [...new Set(documents.map(({ key }) => key))];
  if (keys.length <= 1) return documents;
  throw new MedrelayError(
    'SEVERAL_MESSAGES',
    `Several messages have this control id. Name one by its key: ${keys.map((key) => `'${key}'`).join(', ')}`,
  );
}

async function readAudited(services: Services, document: MessageDocument): Promise<Buffer> {
  await auditRawRead(services, document.tenantId, document.id);
  const bytes = await services.ingest.readRaw(document);
  if (!bytes)
    throw new MedrelayError('RAW_MISSING', 'The message is known but its bytes are no longer kept.');
  return Buffer.from(bytes);
}

/** Editors end a file in their own way; that is no correction. */
const segmentsOf = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replace(/[\r\n]+/g, '\r')
    .trimEnd();

/** Segments end with a bare CR on the wire, which editors show as one long line. */
async function inEditor(original: Buffer): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'medrelay-'));
  const file = join(folder, 'message.hl7');
  try {
    await writeFile(file, original.toString('latin1').replace(/\r\n?/g, '\n'), {
      encoding: 'latin1',
      mode: 0o600,
    });
    const editor =
      process.env['VISUAL'] ?? process.env['EDITOR'] ?? (process.platform === 'win32' ? 'notepad' : 'vi');
    const { status } = spawnSync(editor, [file], { stdio: 'inherit', shell: true });
    if (status !== 0)
      throw new MedrelayError(
        'EDITOR_FAILED',
        'The editor did not end well, so nothing was sent. Set $EDITOR, or use --file.',
      );
    return Buffer.from((await readFile(file, 'latin1')).replace(/\n/g, '\r'), 'latin1');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
