import { Command } from 'commander';
import { dataOption, tenantOption } from '../../options';
import { tenantOf, withServices } from '../../services';
import { instant } from './instant';

interface Options {
  readonly data: string;
  readonly tenant?: string;
  readonly from?: string;
  readonly to?: string;
}

const YEAR = 366 * 24 * 60 * 60 * 1000;

export function rebuildProjectionsCommand(): Command {
  return new Command('rebuild-projections')
    .summary('write the lists by patient, user and day again')
    .description('Writes the lists by patient, user and day again, from the events themselves.')
    .option('--from <instant>', 'from this instant on, ISO 8601 (default: a year ago)', instant)
    .option('--to <instant>', 'before this instant (default: now)', instant)
    .addOption(tenantOption())
    .addOption(dataOption())
    .action(rebuild);
}

async function rebuild({ data, tenant, from, to }: Options): Promise<void> {
  await withServices(data, async (services) => {
    const until = to ?? new Date(Date.now() + 60_000).toISOString();
    const since = from ?? new Date(Date.parse(until) - YEAR).toISOString();
    const { projected } = await services.projections.rebuild(tenantOf(services, tenant), since, until);
    console.log(`${projected} events written to the lists by patient, user and day.`);
  });
}
