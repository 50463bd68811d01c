import { Command } from 'commander';
import { MedrelayError } from '../../../src/lib/errors';
import { dataOption } from '../../options';
import { tenantOf, withServices } from '../../services';
import { printList } from '../../terminal';

interface Options {
  readonly data: string;
  readonly tenant?: string;
  readonly json?: true;
}

export function sealCommand(): Command {
  return new Command('seal')
    .summary('seal what is recorded, now')
    .description(
      'Seals what is recorded, now: signs and publishes a checkpoint of every log that has new events, or had none for an ' +
        'hour. The app does the same each minute.',
    )
    .option('--tenant <id>', 'tell of this tenant only; all of them are sealed')
    .option('--json', 'one object with items')
    .addOption(dataOption())
    .action(seal);
}

async function seal({ data, tenant, json }: Options): Promise<void> {
  await withServices(data, async (services) => {
    const wanted = tenant === undefined ? undefined : tenantOf(services, tenant);
    const all = await services.sealer.run();
    const told = all.filter(({ tenantId }) => wanted === undefined || tenantId === wanted);
    if (told.length === 0 && !json) {
      console.log('Nothing waits to be sealed.');
      return;
    }
    printList(told, json, ({ tenantId, year, sealed, refused, seq, size, problem }) => ({
      tenant: tenantId,
      year,
      sealed,
      refused,
      checkpoint: seq,
      size,
      problem: problem?.code,
    }));
    const [stopped] = told.flatMap(({ problem }) => problem ?? []);
    if (stopped) throw new MedrelayError(stopped.code, stopped.safeMessage);
  });
}
