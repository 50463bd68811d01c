import { Command, InvalidArgumentError } from 'commander';
import { auditKeys } from '../audit-keys';
import { dataOption, tenantOption } from '../options';
import { tenantOf, withServices } from '../services';

export function keysCommand(): Command {
  const command = new Command('keys')
    .summary('what the key custodian does')
    .description('For the key custodian: the app itself may not change a stored key. Each use is audited.');
  command
    .command('rewrap')
    .summary('wrap all data keys under the current version of the key-encryption key')
    .description(
      'After a new version was made in Key Vault (az keyvault key rotate --vault-name VAULT -n medrelay-kek). Data and ' +
        'hashes stay as they are. Safe to stop and to repeat; the old version may be disabled once nothing is left to wrap.',
    )
    .addOption(tenantOption())
    .option('--json', 'one object')
    .addOption(dataOption())
    .action(rewrap);
  command
    .command('shred')
    .summary("destroy a person's secret: what audit events sealed about them is unreadable for ever")
    .argument('<subject>', 'Patient/ID', patientReference)
    .requiredOption('--reason <code>', 'why, as a code such as gdpr-art17', reasonCode)
    .requiredOption('--yes', 'there is no way back')
    .addOption(tenantOption())
    .option('--json', 'one object')
    .addOption(dataOption())
    .action(shred);
  return command;
}

interface Options {
  readonly data: string;
  readonly tenant?: string;
  readonly json?: true;
}

async function rewrap({ data, tenant, json }: Options): Promise<void> {
  await withServices(data, async (services) => {
    const tenantId = tenantOf(services, tenant);
    await auditKeys(services, tenantId, { act: 'keys.rewrap', state: 'started' });
    const done = await services.keyCustodian.rewrap(({ keys, rewrapped }) => {
      if (!json && keys % 100 === 0) console.error(`${keys} keys seen, ${rewrapped} wrapped again ...`);
    });
    await auditKeys(services, tenantId, { act: 'keys.rewrap', state: 'completed' });
    console.log(
      json
        ? JSON.stringify(done)
        : `${done.keys} keys, ${done.rewrapped} of them wrapped again under the current version.`,
    );
  });
}

async function shred(
  subject: string,
  { data, tenant, json, reason }: Options & { readonly reason: string },
): Promise<void> {
  await withServices(data, async (services) => {
    const tenantId = tenantOf(services, tenant);
    // Before and after: an attempt that failed leaves a trace, and a secret that is gone one that says so.
    const act = { act: 'keys.shred', subject, reason } as const;
    await auditKeys(services, tenantId, { ...act, state: 'started' });
    const result = await services.keyCustodian.shred(tenantId, subject, new Date().toISOString());
    await auditKeys(services, tenantId, { ...act, state: 'completed' });
    console.log(json ? JSON.stringify({ subject, result }) : `${subject}: ${MEANING[result]}`);
  });
}

const MEANING = {
  shredded:
    'shredded. Running processes forget the key within five minutes; backups of the key store hold it until they expire.',
  'was shredded': 'had been shredded before.',
  'nothing sealed':
    'nothing was ever sealed under a key of this person; was another id meant? From now on nothing about this one opens.',
} as const;

function patientReference(text: string): string {
  if (/^Patient\/[A-Za-z0-9.-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be like Patient/ID.');
}

function reasonCode(text: string): string {
  if (/^[\x21-\x7e]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a code: up to 64 characters without spaces.');
}
