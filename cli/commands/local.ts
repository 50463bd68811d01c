import { Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { startCosmos } from '../../local/cosmos';
import { startPayer } from '../../local/payer';
import { parseEmulatorConfig, startServiceBus, type EmulatorConfig } from '../../local/servicebus';
import { startSinks } from '../../local/sinks';
import { startWorm } from '../../local/worm';
import { StackError } from '../../local';
import { partitions, port } from '../options';

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
      const text = await readFile(config, 'utf8');
      await untilStopped(async () =>
        startServiceBus({
          port,
          dataDir: data,
          config: readConfig(config, text),
          sharedAccessKey: key ?? randomBytes(32).toString('base64'),
        }),
      );
    });
  command
    .command('cosmos')
    .summary('an endpoint that Azure Cosmos DB SDKs speak to (NoSQL API)')
    .option('--port <n>', 'port', port, 8081)
    .option('--data <dir>', 'where documents are kept', '.medrelay-cosmos')
    .option('--key <key>', "account key (default: the emulator's well-known key)")
    .option('--partitions <n>', 'physical partitions of a new container', partitions, 1)
    .action(async ({ port, data, key, partitions }: Options & { partitions: number }) => {
      const account = { port, dataDir: data, partitions, ...(key !== undefined && { key }) };
      await untilStopped(() => startCosmos(account));
    });
  command
    .command('blobs')
    .summary('a layer before Azurite that honours immutability policies and legal holds')
    .option('--port <n>', 'port', port, 10_000)
    .option('--azurite <n>', "port of Azurite's blob service", port, 10_003)
    .option('--data <dir>', 'where it is kept what is protected', '.medrelay-blobs')
    .action(async ({ port, azurite, data }: Options & { azurite: number }) => {
      await untilStopped(async () => {
        const { endpoint, stop } = await startWorm({ port, azuritePort: azurite, dataDir: data });
        return { connectionString: endpoint, stop };
      });
    });
  command
    .command('sinks')
    .summary('SMTP, text messages and webhooks: recorded, not delivered')
    .option('--port <n>', 'HTTP port', port, 8025)
    .option('--smtp <n>', 'SMTP port', port, 1025)
    .option('--data <dir>', 'where they are kept', '.medrelay-sinks')
    .action(async ({ port, smtp, data }: Options & { smtp: number }) => {
      await untilStopped(async () => {
        const { stop, ...addresses } = await startSinks({ port, smtpPort: smtp, dataDir: data });
        return { connectionString: JSON.stringify(addresses), stop };
      });
    });
  command
    .command('payer')
    .summary('answers X12 270 eligibility inquiries as it is told')
    .option('--port <n>', 'port', port, 8027)
    .option('--data <dir>', 'where they are kept', '.medrelay-payer')
    .action(async ({ port, data }: Options) => {
      await untilStopped(async () => {
        const { url, stop } = await startPayer({ port, dataDir: data });
        return { connectionString: url, stop };
      });
    });
  return command;
}

function readConfig(file: string, text: string): EmulatorConfig {
  try {
    return parseEmulatorConfig(JSON.parse(text));
  } catch (error) {
    throw new StackError(`${file}: ${error instanceof Error ? error.message : 'cannot be read'}`);
  }
}

interface RunningPart {
  readonly connectionString: string;
  readonly failed?: Promise<Error>;
  stop(): Promise<void>;
}

/** The connection string, or what stands for it, is the only line on standard output, for scripts that wait for it. */
async function untilStopped(startPart: () => Promise<RunningPart>): Promise<void> {
  const stopAsked = new Promise<void>((ask) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ask());
  });
  const part = await startPart().catch((error: Error) => {
    // What keeps a part from starting is of this machine and holds no patient.
    throw new StackError(error.message);
  });
  console.log(part.connectionString);
  const failure = await Promise.race([stopAsked, ...(part.failed ? [part.failed] : [])]);
  await part.stop();
  if (failure) throw new StackError(failure.message);
}
