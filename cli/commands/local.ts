import { Command, InvalidArgumentError } from 'commander';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { startCosmos } from '../../local/cosmos';
import { parseEmulatorConfig, startServiceBus } from '../../local/servicebus';

interface Options {
  readonly port: number;
  readonly data: string;
  readonly key?: string;
}

export function localCommand(): Command {
  const command = new Command('local')
    .summary('run one part of the local stack alone')
    .description('One endpoint alone, for other programs and test suites.');
  command
    .command('servicebus')
    .summary('an AMQP 1.0 endpoint that Azure Service Bus SDKs speak to')
    .requiredOption('--config <file>', "queues and topics in the format of Microsoft's Service Bus emulator")
    .option('--port <n>', 'port', port, 5672)
    .option('--data <dir>', 'where messages are kept', '.medrelay-servicebus')
    .option('--key <key>', 'shared access key (default: a new one)')
    .action(async ({ port, data, key, config }: Options & { config: string }) => {
      const parsed = parseEmulatorConfig(JSON.parse(await readFile(config, 'utf8')));
      const bus = await startServiceBus({
        port,
        dataDir: data,
        config: parsed,
        sharedAccessKey: key ?? randomBytes(32).toString('base64'),
      });
      await untilStopped(bus.connectionString, bus);
    });
  command
    .command('cosmos')
    .summary('an endpoint that Azure Cosmos DB SDKs speak to (NoSQL API)')
    .option('--port <n>', 'port', port, 8081)
    .option('--data <dir>', 'where documents are kept', '.medrelay-cosmos')
    .option('--key <key>', "account key (default: the emulator's well-known key)")
    .action(async ({ port, data, key }: Options) => {
      const cosmos = await startCosmos({ port, dataDir: data, ...(key !== undefined && { key }) });
      await untilStopped(cosmos.connectionString, cosmos);
    });
  return command;
}

async function untilStopped(connectionString: string, part: { stop(): Promise<void> }): Promise<void> {
  console.log(connectionString);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await part.stop();
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a port number.');
}
