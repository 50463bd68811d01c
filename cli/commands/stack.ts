import { Command, InvalidArgumentError } from 'commander';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readStack, startStack, type StackInfo } from '../../local';
import { dataOption } from '../services';

interface StartOptions {
  readonly data: string;
  readonly app: string;
  readonly ports: 'default' | 'auto' | number;
}

export function startCommand(): Command {
  return new Command('start')
    .summary('run the app on the local stack until Ctrl-C')
    .description(
      'Starts a Service Bus, a Cosmos DB and a storage endpoint on this machine, and a Functions host with the app.',
    )
    .option('--app <dir>', 'folder of any Azure Functions v4 app in JavaScript', process.cwd())
    .option(
      '--ports <auto|base>',
      'free ports, or six ports from this number on (default: those of the Azure emulators)',
      ports,
      'default',
    )
    .addOption(dataOption())
    .action(start);
}

async function start(options: StartOptions): Promise<void> {
  const stack = await startStack({
    dataDir: options.data,
    appDir: options.app,
    ports: options.ports,
    // Beside this bundle; Azurite from npm.
    scripts: {
      servicebus: join(__dirname, 'local', 'servicebus.js'),
      cosmos: join(__dirname, 'local', 'cosmos.js'),
      host: join(__dirname, 'local', 'host.js'),
      azurite: require.resolve('azurite/dist/src/azurite.js'),
    },
    log: (line) => console.log(line),
  });
  console.log(describe(stack.info, options.data));
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  console.log('\nDraining; what is under way is finished first.');
  await stack.stop();
  console.log('Stopped.');
}

function describe({ host, serviceBus, cosmos, azurite, functionKeys }: StackInfo, data: string): string {
  const more = data === '.medrelay' ? '' : ` --data ${data}`;
  return [
    '',
    'Endpoints:',
    `  Functions     ${host.url}`,
    `  Service Bus   sb://127.0.0.1:${serviceBus.port}`,
    `  Cosmos DB     ${cosmos.endpoint}`,
    `  Blobs         http://127.0.0.1:${azurite.blobPort}`,
    `  Queues        http://127.0.0.1:${azurite.queuePort}`,
    `  Tables        http://127.0.0.1:${azurite.tablePort}`,
    `  Function key  ${functionKeys.function}`,
    '',
    'Functions:',
    ...host.functions.map(
      ({ name, methods, url, trigger }) =>
        `  ${name}: ${url === undefined ? trigger : `[${(methods ?? []).join(',')}] ${url}`}`,
    ),
    '',
    'Medrelay is ready. In a second shell try:',
    `  npm run medrelay -- send samples --wait${more}`,
    '',
  ].join('\n');
}

export function stopCommand(): Command {
  return new Command('stop')
    .summary('stop the stack that runs on a data folder')
    .addOption(dataOption())
    .action(async ({ data }: { data: string }) => {
      const stack = await readStack(data);
      if (!stack) {
        console.log(`No stack is running on ${data}.`);
        return;
      }
      process.kill(stack.pid, 'SIGTERM');
      // The host drains for up to 20 s, the other parts for up to 10 s.
      for (let waited = 0; waited < 40_000; waited += 200) {
        if (!(await readStack(data))) {
          console.log('Stopped.');
          return;
        }
        await delay(200);
      }
      console.error(`medrelay: The stack (process ${stack.pid}) has not stopped within 40 s.`);
      process.exitCode = 1;
    });
}

export function statusCommand(): Command {
  return new Command('status')
    .summary('tell what runs on a data folder')
    .option('--json', 'as one JSON object, without keys')
    .addOption(dataOption())
    .action(async ({ data, json }: { data: string; json?: true }) => {
      const stack = await readStack(data);
      if (!stack) {
        console.log(
          json
            ? JSON.stringify({ running: false })
            : `No stack is running on ${data}. Start one with: npm start`,
        );
        process.exitCode = 1;
        return;
      }
      const health = await readHealth(stack);
      if (json) {
        const { pid, startedAt, host, serviceBus, cosmos, azurite } = stack;
        console.log(
          JSON.stringify({
            running: true,
            pid,
            startedAt,
            health,
            host: host.url,
            serviceBusPort: serviceBus.port,
            cosmos: cosmos.endpoint,
            blobPort: azurite.blobPort,
          }),
        );
      } else
        console.log(
          `Running since ${stack.startedAt} (process ${stack.pid}).\nHealth: ${health}\n${describe(stack, data)}`,
        );
    });
}

async function readHealth({ host }: StackInfo): Promise<string> {
  try {
    const answer = await fetch(`${host.url}/api/health`, { signal: AbortSignal.timeout(10_000) });
    return answer.ok ? 'ok' : await answer.text();
  } catch {
    return 'the Functions host does not answer';
  }
}

function ports(text: string): StartOptions['ports'] {
  if (text === 'auto') return 'auto';
  const base = Number(text);
  if (Number.isInteger(base) && base >= 1024 && base <= 65_530) return base;
  throw new InvalidArgumentError('It must be auto, or a number from 1024 to 65530.');
}
