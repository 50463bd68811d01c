import { Command } from 'commander';
import { dataOption, limitOption, tenantOption } from '../../options';
import { tenantOf, withServices } from '../../services';
import { printList, shortTime } from '../../terminal';
import { instant } from './instant';

interface Options {
  readonly data: string;
  readonly tenant?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly json?: true;
}

const day = 24 * 60 * 60 * 1000;

export function listCommand(): Command {
  return new Command('list')
    .summary('newest first')
    .description(
      'Lists audit events, newest first. With --json each one whole, with the id that "audit proof" takes.',
    )
    .option('--from <instant>', 'from this instant on, ISO 8601 (default: 24 hours ago)', instant)
    .option('--to <instant>', 'before this instant (default: now)', instant)
    .addOption(tenantOption())
    .addOption(limitOption())
    .option('--json', 'one object with items')
    .addOption(dataOption())
    .action(list);
}

async function list({ data, tenant, from, to, limit, json }: Options): Promise<void> {
  await withServices(data, async (services) => {
    // A clock a little ahead must not hide the newest events.
    const until = to ?? new Date(Date.now() + 60_000).toISOString();
    const since = from ?? new Date(Date.parse(until) - day).toISOString();
    const events = await services.listAudit(tenantOf(services, tenant), { from: since, to: until, limit });
    printList(events, json, (event) => ({
      occurred: shortTime(event.occurredAt),
      type: [event.type, ...(event.subtype ?? [])].map(({ display, code }) => display ?? code).join('/'),
      action: event.action,
      outcome: event.outcome === '0' ? 'ok' : (event.outcomeCode ?? event.outcome),
      who: event.agents[0]?.who,
      source: event.source,
      what: [event.entities[0]?.what, event.entities.length > 1 && `and ${event.entities.length - 1} more`]
        .filter(Boolean)
        .join(' '),
    }));
  });
}
