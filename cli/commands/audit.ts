import { Command, InvalidArgumentError } from 'commander';
import { dataOption, withServices } from '../services';
import { printList } from '../terminal';

interface Options {
  readonly data: string;
  readonly tenant?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly json?: true;
}

const day = 24 * 60 * 60 * 1000;

export function auditCommand(): Command {
  const command = new Command('audit')
    .summary('read the audit trail')
    .description('The audit trail: create-only, PHI sealed.');
  command
    .command('list')
    .summary('newest first')
    .option('--from <instant>', 'from this instant on, ISO 8601 (default: 24 hours ago)', instant)
    .option('--to <instant>', 'before this instant (default: now)', instant)
    .option('--tenant <id>', 'tenant (default: DEFAULT_TENANT)')
    .option('--limit <n>', 'at most so many', Number, 50)
    .option('--json', 'one object with items')
    .addOption(dataOption())
    .action(list);
  return command;
}

async function list({ data, tenant, from, to, limit, json }: Options): Promise<void> {
  await withServices(data, async ({ config, listAudit }) => {
    // A clock a little ahead must not hide the newest events.
    const until = to ?? new Date(Date.now() + 60_000).toISOString();
    const since = from ?? new Date(Date.parse(until) - day).toISOString();
    const events = await listAudit(tenant ?? config.defaultTenant, { from: since, to: until, limit });
    printList(events, json, (event) => ({
      occurred: event.occurredAt,
      type: [event.type, ...(event.subtype ?? [])].map(({ display, code }) => display ?? code).join('/'),
      action: event.action,
      outcome: event.outcome === '0' ? 'ok' : (event.outcomeCode ?? event.outcome),
      who: event.agents[0]?.who,
      what: event.entities[0]?.what,
      source: event.source,
    }));
  });
}

function instant(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new InvalidArgumentError('It must be an instant such as 2026-03-01T00:00:00Z.');
  return new Date(time).toISOString();
}
