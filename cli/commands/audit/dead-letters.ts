import { Command } from 'commander';
import { userInfo } from 'node:os';
import type { Inspected } from '../../../src/lib/audit';
import { dataOption } from '../../options';
import { withServices } from '../../services';
import { printList, shortTime } from '../../terminal';

interface Options {
  readonly data: string;
  readonly json?: true;
}

export function deadLettersCommand(): Command {
  const command = new Command('dead-letters')
    .summary('audit events that could not be brought into the store')
    .description(
      'Audit events in the dead-letter queue of audit-ingest. As long as one is there, the trail is incomplete.',
    );
  command
    .command('list')
    .summary('what waits, oldest first; and what waits elsewhere')
    .option('--json', 'one object with items')
    .addOption(dataOption())
    .action(list);
  command
    .command('show <number>')
    .summary('one of them without its sealed fields, as JSON')
    .addOption(dataOption())
    .action((number: string, { data }: Options) =>
      withServices(data, async ({ auditDeadLetters }) => {
        console.log(JSON.stringify(await auditDeadLetters.show(number), undefined, 2));
      }),
    );
  command
    .command('replay [number]')
    .summary('bring one, or all, into the store again')
    .addOption(dataOption())
    .action((number: string | undefined, { data }: Options) =>
      withServices(data, async ({ auditDeadLetters }) => {
        const counts = Object.entries(await auditDeadLetters.replay(number)).filter(([, count]) => count > 0);
        console.log(
          counts.map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'Nothing to replay.',
        );
        if (counts.some(([outcome]) => outcome === 'refused')) process.exitCode = 1;
      }),
    );
  command
    .command('discard <number>')
    .summary('take one out for good; it is archived, and the decision is itself recorded')
    .requiredOption('--approve <name>', 'who approves')
    .addOption(dataOption())
    .action((number: string, { data, approve }: Options & { readonly approve: string }) =>
      withServices(data, async ({ auditDeadLetters }) => {
        const blob = await auditDeadLetters.discard(number, approve, `os-user/${userInfo().username}`);
        console.log(`Discarded; kept as audit-archive/${blob}.`);
      }),
    );
  return command;
}

async function list({ data, json }: Options): Promise<void> {
  await withServices(data, async ({ auditDeadLetters, auditBacklog }) => {
    printList(await auditDeadLetters.list(), json, rowOf);
    if (json) return;
    const { queued, journaled } = await auditBacklog();
    const said = (place: typeof queued): string => (place === 'unknown' ? 'unknown' : String(place.count));
    console.error(`Waiting in audit-ingest: ${said(queued)}; in the journal: ${said(journaled)}.`);
  });
}

const rowOf = ({ number, enqueuedAt, reason, finding, event, bytes }: Inspected) => ({
  number,
  enqueued: shortTime(enqueuedAt),
  reason,
  finding,
  tenant: event?.tenantId,
  event: event?.id,
  bytes,
});
