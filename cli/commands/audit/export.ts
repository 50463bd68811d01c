import { Command, InvalidArgumentError } from 'commander';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { dataOption, tenantOption } from '../../options';
import { tenantOf, withServices } from '../../services';

interface Options {
  readonly data: string;
  readonly tenant?: string;
  readonly from: string;
  readonly to?: string;
  readonly out: string;
  readonly json?: true;
}

export function exportCommand(): Command {
  return new Command('export')
    .summary('evidence for an auditor, to be checked offline')
    .description(
      'Writes a zip with the events of whole days, the leaves of the signed log and its published checkpoints. ' +
        'verifier/medrelay-verify.mjs checks it on a computer that has nothing but Node. The export is itself recorded.',
    )
    .requiredOption('--from <instant>', 'from the day of this instant on, ISO 8601', instant)
    .option('--to <instant>', 'up to the day of this instant (default: now)', instant)
    .requiredOption('--out <file>', 'the zip to write; replaced where it is there already')
    .addOption(tenantOption())
    .option('--json', 'one object, with the ids')
    .addOption(dataOption())
    .action(exportEvidence);
}

async function exportEvidence({ data, tenant, from, to, out, json }: Options): Promise<void> {
  await withServices(data, async (services) => {
    const order = {
      tenantId: tenantOf(services, tenant),
      from,
      to: to ?? new Date().toISOString(),
      by: `os-user/${userInfo().username}`,
    };
    // Under its name only when it is whole, and recorded.
    const part = `${out}.part`;
    const file = createWriteStream(part, { mode: 0o600 });
    await once(file, 'open');
    try {
      const done = await services.evidence.export(order, async (chunk) => {
        if (!file.write(chunk)) await once(file, 'drain');
      });
      await finished(file.end());
      await rename(part, out);
      if (json) {
        console.log(JSON.stringify({ tenantId: order.tenantId, out, ...done }));
        return;
      }
      const { events, leaves, missing, unsealed, keys, sha256 } = done;
      console.log(
        `${out}: ${events} events from ${done.from} up to ${done.to}, ${leaves} leaves of the log.`,
      );
      console.log(`SHA-256 of the file: ${sha256}`);
      for (const key of keys) console.log(`Signing key, to be told on another way than the file: ${key}`);
      if (unsealed.length > 0)
        console.log(`${unsealed.length} events are not sealed, so they are not in it: medrelay audit seal.`);
      if (missing.length > 0) {
        console.error(
          `${missing.length} sealed events are not in the store: medrelay audit verify names them.`,
        );
        process.exitCode = 1;
      }
    } finally {
      file.destroy();
      await rm(part, { force: true });
    }
  });
}

function instant(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new InvalidArgumentError('It must be an instant such as 2026-03-01T00:00:00Z.');
  return new Date(time).toISOString();
}
