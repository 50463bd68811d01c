import { Command, InvalidArgumentError } from 'commander';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageIdentity, senderProfileSchema, type SenderProfile } from '../../src/lib/convert';
import { buildAck, readRawHeader, rejections, type RawMessage } from '../../src/lib/hl7';
import { createInterpreter, messagesInStream } from '../../src/lib/ingest';
import { loadJsonFolder, type Tenant } from '../../src/lib/tenants';
import { checkout } from '../checkout';
import { inputFiles, openInput } from '../input';

interface Options {
  readonly ndjson?: true;
  readonly ledger?: true;
  readonly profile?: SenderProfile;
  readonly tenant: string;
}

export function convertCommand(): Command {
  return new Command('convert')
    .summary('turn HL7 v2 into FHIR R4 here, without any stack')
    .description(
      'Converts HL7 v2 messages to FHIR R4 transaction Bundles on standard output. Diagnostics go to standard error.',
    )
    .argument('<file...>', 'files or folders; - for standard input')
    .option('--ndjson', 'one line per message found, rejected ones too')
    .option('--ledger', 'add the fate of every populated field')
    .option('--profile <file>', 'sender profile instead of those under config/profiles', readProfile)
    .option('--tenant <id>', 'tenant that the ids are made for', 'demo')
    .action(convert);
}

async function convert(paths: readonly string[], options: Options): Promise<void> {
  const tenant: Tenant = {
    id: options.tenant,
    name: options.tenant,
    senders: [{ application: '*', facility: '*' }],
  };
  const profiles = options.profile
    ? [options.profile]
    : loadJsonFolder(join(checkout, 'config', 'profiles'), senderProfileSchema);
  const interpret = createInterpreter(profiles);
  const bundles: unknown[] = [];
  for (const file of await inputFiles(paths)) {
    const messages = messagesInStream(openInput(file));
    for (;;) {
      const next = await messages.next();
      if (next.done === true) {
        for (const { severity, code, safeMessage } of next.value)
          console.error(`${file}: ${severity} ${code}: ${safeMessage}`);
        break;
      }
      const { raw, refusal } = next.value;
      const outcome =
        refusal === undefined
          ? interpret(raw, tenant, { enqueuedAt: new Date(0).toISOString() })
          : { kind: 'rejected' as const, code: refusal, location: undefined };
      const where = `${file}[${raw.index + 1}]`;
      if (outcome.kind === 'rejected') {
        process.exitCode = 1;
        console.error(
          `${where}: ${outcome.code}${outcome.location ? ` at ${outcome.location}` : ''}: ${rejections[outcome.code].text}`,
        );
        if (options.ndjson)
          printLine({
            key: keyOf(raw, tenant),
            status: 'rejected',
            code: outcome.code,
            ack: ackOf(raw, outcome),
          });
        continue;
      }
      const { bundle, ledger, diagnostics } = outcome.conversion;
      for (const { severity, code, location, safeMessage } of diagnostics)
        console.error(`${where}: ${severity} ${code}${location ? ` at ${location}` : ''}: ${safeMessage}`);
      if (options.ndjson)
        printLine({
          key: keyOf(raw, tenant),
          status: 'converted',
          bundle,
          ...(options.ledger && { ledger }),
          ack: ackOf(raw),
        });
      else bundles.push(options.ledger ? { bundle, ledger } : bundle);
    }
  }
  if (options.ndjson || bundles.length === 0) return;
  console.log(JSON.stringify(bundles.length === 1 ? bundles[0] : bundles, null, 2));
}

function readProfile(file: string): SenderProfile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new InvalidArgumentError(
      `${file} cannot be read as JSON: ${error instanceof Error ? error.message : 'unknown reason'}`,
    );
  }
  const parsed = senderProfileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(
    `${file} is not a sender profile:\n${parsed.error.issues.map((issue) => `  ${issue.path.join('.') || 'file'}: ${issue.message}`).join('\n')}`,
  );
}

/** As the message would be known in the store. */
function keyOf(raw: RawMessage, tenant: Tenant): string {
  const header = readRawHeader(raw)?.header;
  return header === undefined || header.controlId === ''
    ? `sha256:${createHash('sha256').update(raw.bytes).digest('hex')}`
    : messageIdentity(tenant.id, header).key;
}

/** What a sender would be told. The time is the message's own so that converting twice prints the same bytes. */
function ackOf(
  raw: RawMessage,
  rejected?: { readonly code: keyof typeof rejections; readonly location?: string },
): string {
  const read = readRawHeader(raw);
  return buildAck({
    ...read,
    application: 'MEDRELAY',
    controlId: read?.header.controlId ?? '',
    now: new Date(0),
    code: rejected ? rejections[rejected.code].ack : 'AA',
    ...(rejected && {
      errors: [
        { code: rejected.code, ...(rejected.location !== undefined && { location: rejected.location }) },
      ],
    }),
  });
}

const printLine = (line: object) => console.log(JSON.stringify(line));
