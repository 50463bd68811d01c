import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { HostError, messageOf } from './errors';
import { startHost } from './host';
import type { HostKeys } from './keys';

/** The host as a process: one JSON line on stdout when ready, everything else on stderr. */

const log = (line: string): void =>
  void process.stderr.write(line === '' ? '\n' : `[${new Date().toISOString()}] ${line}\n`);

function readKeys(file: string | undefined): HostKeys {
  if (!file)
    throw new HostError('--keys FILE is missing: a JSON file with the keys "master" and "function".');
  let keys: Partial<HostKeys>;
  try {
    keys = JSON.parse(readFileSync(file, 'utf8')) as Partial<HostKeys>;
  } catch (error) {
    throw new HostError(`The key file ${file} cannot be read: ${messageOf(error)}`);
  }
  if (!keys.master || !keys.function)
    throw new HostError(`The key file ${file} must hold "master" and "function".`);
  return { ...keys, master: keys.master, function: keys.function };
}

/** Whole or not at all, and for its owner alone. */
function writeKeys(file: string, keys: HostKeys): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(keys, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      app: { type: 'string', default: '.' },
      port: { type: 'string', default: '7071' },
      address: { type: 'string', default: '127.0.0.1' },
      keys: { type: 'string' },
      watch: { type: 'boolean', default: false },
      inspect: { type: 'string' },
      data: { type: 'string' },
      'exit-with-parent': { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new HostError(`--port ${values.port} is not a port number.`);
  const env = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const host = await startHost({
    appDir: values.app,
    port,
    address: values.address,
    env,
    keys: readKeys(values.keys),
    saveKeys: (keys) => writeKeys(values.keys ?? '', keys),
    watch: values.watch,
    ...(values.inspect === undefined ? {} : { inspect: values.inspect }),
    ...(values.data === undefined ? {} : { dataDir: values.data }),
    log,
  });

  let ending = false;
  const end = (code: number): void => {
    if (ending) return;
    ending = true;
    host.stop().then(
      () => process.exit(code),
      (error: unknown) => {
        log(messageOf(error));
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  // The parent holds the other end of stdin, so its death is seen even when it was killed.
  if (values['exit-with-parent']) process.stdin.on('end', () => end(0)).resume();
  void host.gaveUp.then((reason) => {
    log(reason.message);
    end(1);
  });
  process.stdout.write(`${JSON.stringify({ ready: true, port: host.port, functions: host.functions })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof HostError ? error.message : (error as Error).stack}\n`);
  process.exit(1);
});
