import { Command } from 'commander';
import { dataOption, tenantOption } from '../../options';
import { tenantOf, withServices } from '../../services';

interface Options {
  readonly data: string;
  readonly tenant?: string;
  readonly json?: true;
}

export function proofCommand(): Command {
  return new Command('proof')
    .summary('prove that an event is in the signed log')
    .description(
      'Prints a C2SP tlog-proof: the path from the event to the root of the newest checkpoint, and the checkpoint as it ' +
        'was signed. Whoever has the event and the public key checks it offline.',
    )
    .argument('<id>', 'id of the event')
    .addOption(tenantOption())
    .option('--json', 'one object, with the hash of the leaf')
    .addOption(dataOption())
    .action(proof);
}

async function proof(id: string, { data, tenant, json }: Options): Promise<void> {
  await withServices(data, async (services) => {
    const { text, ...rest } = await services.trail.prove(tenantOf(services, tenant), id);
    if (json) console.log(JSON.stringify(rest));
    else process.stdout.write(text);
  });
}
