/**
 * The Service Bus endpoint as a process of its own:
 * `--port N --config FILE --data DIR [--host H] [--exit-with-parent]`, and the shared access key in the variable
 * SERVICE_BUS_KEY, because everybody on a machine can read command lines.
 * Prints one line of JSON when it listens; on failure one sentence, and exit code 1.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readIdentities } from './access';
import { parseEmulatorConfig, startServiceBus } from './index';

// Standard error is for sentences that a person has to act on; that node:sqlite is young is none.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`);
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      config: { type: 'string' },
      data: { type: 'string' },
      host: { type: 'string' },
      identities: { type: 'string' },
      'tls-port': { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      'exit-with-parent': { type: 'boolean', default: false },
    },
  });
  const { config, data, host } = values;
  const key = process.env['SERVICE_BUS_KEY'];
  const port = Number(values.port);
  if (!config || !data || !key || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(
      'Usage: --port N --config FILE --data DIR [--host HOST] [--exit-with-parent], with the key in SERVICE_BUS_KEY.',
    );
  }
  const { 'tls-cert': certFile, 'tls-key': keyFile } = values;
  const bus = await startServiceBus({
    port,
    ...(host === undefined ? {} : { host }),
    dataDir: data,
    config: parseEmulatorConfig(readJson(config)),
    sharedAccessKey: key,
    ...(values.identities === undefined ? {} : { identities: readIdentities(values.identities) }),
    ...(certFile === undefined || keyFile === undefined
      ? {}
      : {
          tls: {
            port: Number(values['tls-port'] ?? 5671),
            cert: readFileSync(certFile),
            key: readFileSync(keyFile),
          },
        }),
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    bus.stop().then(() => process.exit(0), exitWith);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (values['exit-with-parent']) {
    process.stdin.on('end', stop).on('error', stop).resume();
  }
  void bus.failed.then(exitWith);
  process.stdout.write(
    `${JSON.stringify({ ready: true, port: bus.port, connectionString: bus.connectionString })}\n`,
  );
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`Cannot read ${file}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function exitWith(error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${sentence}\n`, () => process.exit(1));
}

main().catch(exitWith);
