import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readIdentities } from './access';
import { startCosmos } from './index';

// Node prints a warning about node:sqlite to stderr, where only what a person must act on belongs.
process.removeAllListeners('warning');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8081' },
      data: { type: 'string', default: '.medrelay/cosmos' },
      key: { type: 'string' },
      partitions: { type: 'string', default: '1' },
      identities: { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      'exit-with-parent': { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`--port ${values.port} is not a port.`);
  const partitions = Number(values.partitions);
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 100) {
    throw new Error(`--partitions ${values.partitions} is not a number from 1 to 100.`);
  }
  const { 'tls-cert': certFile, 'tls-key': keyFile } = values;
  const cosmos = await startCosmos({
    port,
    host: values.host,
    dataDir: values.data,
    partitions,
    ...(certFile !== undefined &&
      keyFile !== undefined && { tls: { cert: readFileSync(certFile), key: readFileSync(keyFile) } }),
    ...(values.identities !== undefined && { identities: readIdentities(values.identities) }),
    ...(values.key !== undefined && { key: values.key }),
  });
  const stop = () => void cosmos.stop().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // The parent holds the other end of stdin; when it is gone, nobody is left to stop this process.
  if (values['exit-with-parent']) process.stdin.once('end', stop).once('error', stop).resume();
  const { endpoint, connectionString } = cosmos;
  process.stdout.write(`${JSON.stringify({ ready: true, port: cosmos.port, endpoint, connectionString })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
