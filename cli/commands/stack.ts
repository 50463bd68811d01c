import { Command, InvalidArgumentError, Option } from 'commander';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Feed } from '../../src/lib/ingest';
import { existsSync } from 'node:fs';
import { keyFileOf, readStack, startStack, type StackInfo } from '../../local';
import { keyFileWrap } from '../../src/lib/security';
import { checkout } from '../checkout';
import { dataOption, defaultDataDir, partitions } from '../options';
import { withServices } from '../services';
import { shortTime, table } from '../terminal';

interface StartOptions {
  readonly data: string;
  readonly app: string;
  readonly ports: 'default' | 'auto' | number;
  readonly cosmosPartitions?: number;
  readonly watch?: true;
  readonly inspect?: string | true;
  readonly identity?: true;
}

export function startCommand(): Command {
  return new Command('start')
    .summary('run the app on the local stack until Ctrl-C')
    .description(
      'Starts a Service Bus, a Cosmos DB and a storage endpoint on this machine, and a Functions host with the app.',
    )
    .addOption(
      new Option('--app <dir>', 'folder of any Azure Functions v4 app in JavaScript').default(
        checkout,
        'Medrelay',
      ),
    )
    .option(
      '--ports <auto|base>',
      'free ports, or consecutive ports from this number on (default: those of the Azure emulators)',
      ports,
      'default',
    )
    .option('--watch', 'build and load the app again when its files change')
    .option('--identity', 'let the app sign in as an identity with rights of its own, instead of by keys')
    .option('--inspect [port]', 'let a debugger attach to the app (default: 127.0.0.1:9229)')
    .option(
      '--cosmos-partitions <n>',
      'physical partitions of a new Cosmos DB container (default: 1)',
      partitions,
    )
    .addOption(dataOption())
    .action(start);
}

async function start(options: StartOptions): Promise<void> {
  // From the first moment on: who changes his mind while the parts start waits until they can be stopped in order.
  let isStopAsked = false;
  const stopAsked = new Promise<void>((ask) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        isStopAsked = true;
        ask();
      });
  });
  // With a damaged key file everything would start, and every message would fail.
  const keyFile = keyFileOf(options.data);
  if (existsSync(keyFile)) void keyFileWrap(keyFile, 'Development').keyId;
  const stack = await startStack({
    dataDir: options.data,
    appDir: options.app,
    ports: options.ports,
    ...(options.cosmosPartitions === undefined ? {} : { cosmosPartitions: options.cosmosPartitions }),
    ...(options.watch ? { watch: true } : {}),
    ...(options.identity ? { identity: true } : {}),
    ...(options.inspect ? { inspect: options.inspect === true ? '127.0.0.1:9229' : options.inspect } : {}),
    // Beside this bundle; Azurite from npm.
    scripts: {
      servicebus: join(__dirname, 'local', 'servicebus.js'),
      cosmos: join(__dirname, 'local', 'cosmos.js'),
      host: join(__dirname, 'local', 'host.js'),
      services: join(__dirname, 'local', 'services.js'),
      azurite: require.resolve('azurite/dist/src/azurite.js'),
    },
    log: (line) => console.log(line),
  }).catch((error: unknown) => {
    // Ctrl-C can reach a part before it is in a process group of its own; then it fails because it was asked to.
    if (isStopAsked) return undefined;
    throw error;
  });
  if (stack === undefined) {
    console.log('Stopped.');
    return;
  }
  console.log(`\n${endpointsOf(stack.info)}\n\n${nextStep(stack.info)}\n`);
  await stopAsked;
  console.log('\nDraining; what is under way is finished first.');
  await stack.stop();
  console.log('Stopped.');
}

function endpointsOf({ host, serviceBus, cosmos, azurite, services, functionKeys }: StackInfo): string {
  return [
    'Endpoints:',
    `  Functions     ${host.url}`,
    `  Service Bus   sb://127.0.0.1:${serviceBus.port}`,
    `  Cosmos DB     ${cosmos.endpoint}`,
    `  Blobs         http://127.0.0.1:${azurite.blobPort}`,
    `  Queues        http://127.0.0.1:${azurite.queuePort}`,
    `  Tables        http://127.0.0.1:${azurite.tablePort}`,
    `  Mail          ${services.sinks.smtpUrl}`,
    `  Page          ${services.page.url}`,
    `  Function key  ${functionKeys.function}`,
    '',
    // As Core Tools lists them.
    'Functions:',
    ...host.functions.map(
      ({ name, methods, url, trigger, disabled }) =>
        `  ${name}: ${url === undefined ? trigger : `[${(methods ?? []).join(',')}] ${url}`}${disabled ? ' (disabled)' : ''}`,
    ),
  ].join('\n');
}

function nextStep({ appDir, dataDir }: StackInfo): string {
  if (appDir !== checkout) return `${appDir} is ready. Ctrl-C stops it.`;
  const more = dataDir === defaultDataDir ? '' : ` --data ${/\s/.test(dataDir) ? `"${dataDir}"` : dataDir}`;
  return `Medrelay is ready. In a second shell try:\n  npm run medrelay -- send samples --wait${more}`;
}

export function stopCommand(): Command {
  return new Command('stop')
    .summary('stop the stack that runs on a data folder')
    .addOption(dataOption())
    .action(async ({ data }: { data: string }) => {
      const stack = await readStack(data);
      if (!stack) {
        console.log(`No stack is running on ${resolve(data)}.`);
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
    .description(
      'Tells what runs on a data folder and who sends to it. Exit code 0 where all of it is well and no feed is silent ' +
        'for longer than its profile allows (silentAfterMinutes).',
    )
    .option('--json', 'as one JSON object, without keys')
    .addOption(dataOption())
    .action(async ({ data, json }: { data: string; json?: true }) => {
      const stack = await readStack(data);
      const health = stack && (await readHealth(stack));
      const feeds = stack?.appDir === checkout && health?.status === 'ok' ? await readFeeds(data) : [];
      if (health?.status !== 'ok' || feeds.some(({ isSilent }) => isSilent)) process.exitCode = 1;
      if (json) console.log(JSON.stringify(stack ? summaryOf(stack, health, feeds) : { running: false }));
      else if (!stack) console.log(`No stack is running on ${resolve(data)}. Start one with: npm start`);
      else
        console.log(
          `Running since ${stack.startedAt} (process ${stack.pid}, data in ${stack.dataDir}).\n` +
            `Health: ${health?.status}${(health?.away ?? []).map((part) => `, ${part} does not answer`).join('')}\n\n` +
            `${endpointsOf(stack)}${feedsText(feeds)}`,
        );
    });
}

async function readFeeds(dataDir: string): Promise<readonly Feed[]> {
  let feeds: readonly Feed[] = [];
  await withServices(dataDir, async ({ ingest }) => {
    feeds = await ingest.listFeeds();
  });
  return feeds;
}

function feedsText(feeds: readonly Feed[]): string {
  if (feeds.length === 0) return '';
  const silent = feeds.filter(({ isSilent }) => isSilent);
  const rows = feeds.map(({ tenantId, application, facility, count, rejected, lastSeen, isSilent }) => ({
    tenant: tenantId,
    state: isSilent ? 'SILENT' : 'ok',
    messages: count,
    rejected,
    'last seen': shortTime(lastSeen) ?? 'never',
    sender: `${application} ${facility}`,
  }));
  const alarms = silent.map(
    ({ application, facility, tenantId, silentAfterMinutes }) =>
      `Silent for more than ${silentAfterMinutes} minutes: ${application} ${facility} of ${tenantId}`,
  );
  return `\n\nFeeds of the last 31 days:\n${table(rows)}${alarms.map((line) => `\n${line}`).join('')}`;
}

function summaryOf(stack: StackInfo, health: Health | undefined, feeds: readonly Feed[]): object {
  const { pid, startedAt, dataDir, appDir, host, serviceBus, cosmos, azurite } = stack;
  const local = (port: number) => `http://127.0.0.1:${port}`;
  return {
    running: true,
    pid,
    startedAt,
    dataDir,
    appDir,
    health,
    feeds,
    endpoints: {
      functions: host.url,
      serviceBus: `sb://127.0.0.1:${serviceBus.port}`,
      cosmos: cosmos.endpoint,
      blobs: local(azurite.blobPort),
      queues: local(azurite.queuePort),
      tables: local(azurite.tablePort),
    },
    functions: host.functions.map(({ name, trigger, url, disabled }) => ({ name, trigger, url, disabled })),
  };
}

interface Health {
  readonly status: string;
  readonly away: readonly string[];
}

/** Medrelay tells of each part it uses; any other app is well when its host answers. */
async function readHealth({ host, appDir }: StackInfo): Promise<Health> {
  const path = appDir === checkout ? '/api/health' : '/admin/host/ping';
  try {
    const answer = await fetch(`${host.url}${path}`, { signal: AbortSignal.timeout(10_000) });
    if (answer.ok && appDir !== checkout) return { status: 'ok', away: [] };
    const { status, parts } = (await answer.json()) as { status: string; parts: Record<string, string> };
    return {
      status,
      away: Object.entries(parts).flatMap(([part, state]) => (state === 'ok' ? [] : [part])),
    };
  } catch {
    return { status: 'unavailable', away: ['Functions host'] };
  }
}

function ports(text: string): StartOptions['ports'] {
  if (text === 'auto') return 'auto';
  const base = Number(text);
  if (Number.isInteger(base) && base >= 1024 && base <= 65_500) return base;
  throw new InvalidArgumentError('It must be auto, or a number from 1024 to 65500.');
}
