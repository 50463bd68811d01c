/**
 * The small stand-ins in one process, to keep the memory of the stack at rest small:
 * `--data DIR --port NAME=NUMBER ... [--exit-with-parent]`; a service whose port is not named does not start.
 * Prints one line of JSON when all are ready; on failure one sentence, and exit code 1.
 */
import { parseArgs } from 'node:util';
import { services } from './services';
import type { RunningService } from './service';

// Standard error is for sentences that a person has to act on; that node:sqlite is young is none.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`);
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      port: { type: 'string', multiple: true, default: [] },
      'exit-with-parent': { type: 'boolean', default: false },
    },
  });
  const dataDir = values.data;
  const ports = new Map(values.port.map(readPort));
  if (!dataDir) throw new Error('Usage: --data DIR --port NAME=NUMBER ... [--exit-with-parent].');
  const options = {
    dataDir,
    port: (name: string): number => {
      const port = ports.get(name);
      if (port === undefined) throw new Error(`The port "${name}" is missing: --port ${name}=NUMBER.`);
      return port;
    },
    log: (line: string): void => void process.stderr.write(`${line}\n`),
  };

  const wanted = services.filter(({ name }) => ports.has(name));
  const running: RunningService[] = [];
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    Promise.all(running.map((service) => service.stop())).then(() => process.exit(0), exitWith);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (values['exit-with-parent']) process.stdin.on('end', stop).on('error', stop).resume();

  const info: Record<string, unknown> = {};
  for (const service of wanted) {
    const started = await service.start(options);
    running.push(started);
    info[service.name] = started.info;
  }
  process.stdout.write(`${JSON.stringify({ ready: true, services: info })}\n`);
}

function readPort(text: string): [string, number] {
  const [, name, digits] = /^(\w+)=(\d{1,5})$/.exec(text) ?? [];
  if (!name || Number(digits) > 65_535) throw new Error(`--port ${text} is not NAME=NUMBER.`);
  return [name, Number(digits)];
}

function exitWith(error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${sentence}\n`, () => process.exit(1));
}

main().catch(exitWith);
