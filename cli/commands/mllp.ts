import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { MedrelayError } from '../../src/lib/errors';
import { startRelay, type Relay, type RelayOptions } from '../../src/lib/mllp';
import type { Services } from '../../src/lib/services';
import { dataOption, port, positive } from '../options';
import { tenantOf, withServices } from '../services';

interface Options {
  readonly port: number;
  readonly host: string;
  readonly tenant?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly maxConnections: number;
  readonly data: string;
}

export function mllpCommand(): Command {
  return new Command('mllp')
    .summary('take HL7 v2 messages over MLLP until Ctrl-C')
    .description(
      'Listens for MLLP (HL7 over TCP) and puts each message on the queue. A sender gets its acknowledgement once the ' +
        'broker has the message; what becomes of it then shows in `medrelay messages list`.',
    )
    .option('--port <n>', 'port; 0 takes a free one', port, 2575)
    .option('--host <address>', 'address to listen on; 0.0.0.0 for senders on other machines', '127.0.0.1')
    .option('--tenant <id>', 'tenant of the messages (default: DEFAULT_TENANT)')
    .option('--tls-cert <file>', 'certificate chain (PEM); MLLP itself encrypts nothing')
    .option('--tls-key <file>', 'its private key (PEM)')
    .option('--max-connections <n>', 'connections at a time', positive, 100)
    .addOption(dataOption())
    .action((options: Options, command: Command) => {
      if ((options.tlsCert === undefined) !== (options.tlsKey === undefined))
        command.error('--tls-cert and --tls-key belong together.');
      return withServices(options.data, (services) => relay(services, options));
    });
}

async function relay(services: Services, options: Options): Promise<void> {
  const stopAsked = new Promise<void>((ask) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ask());
  });
  const tenant = tenantOf(services, options.tenant);
  const { ingest } = services;
  const intake = {
    receive: (bytes: Uint8Array) => ingest.receive(bytes, tenant),
    enqueue: (bytes: Uint8Array) => ingest.enqueue(bytes, { tenant }),
    refuse: ingest.refuse,
  };
  const listening = await listen(options, intake);
  const { port, counts } = listening;
  const how = options.tlsCert === undefined ? 'MLLP' : 'MLLP over TLS';
  console.log(`Listening for ${how} on ${options.host}:${port}, tenant ${tenant}. Ctrl-C stops it.`);
  await stopAsked;
  console.log('\nDraining; what is under way is answered first.');
  await listening.stop();
  const { connections, queued, refused, notTaken } = counts;
  console.log(
    `Stopped. ${connections} connections, ${queued} queued, ${refused} refused, ${notTaken} told to send again.`,
  );
}

async function listen(
  { host, port, maxConnections, tlsCert, tlsKey }: Options,
  intake: Parameters<typeof startRelay>[1],
): Promise<Relay> {
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? {}
      : { tls: { cert: await readFile(tlsCert), key: await readFile(tlsKey) } };
  const options: RelayOptions = { host, port, maxConnections: Math.ceil(maxConnections), ...tls };
  try {
    return await startRelay(options, intake, (line) => console.error(`${new Date().toISOString()}  ${line}`));
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code ?? '');
    throw new MedrelayError(
      'CANNOT_LISTEN',
      code.startsWith('ERR_OSSL') || code.startsWith('ERR_TLS')
        ? `The certificate or the key is not usable (${code}). Both are PEM files and belong together.`
        : `Nothing can listen on ${host}:${port} (${code}). Choose another address or port with --host and --port.`,
      error,
    );
  }
}
