import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../../cli/terminal';
import {
  containers,
  DATABASE,
  serviceBus as hostEntities,
  settings,
} from '../integration/host/conformance/entities';
import { entities } from '../integration/servicebus/conformance/entities';
import type { StackHandle, StackInfo } from '../../local';
import { startTemporaryStack } from '../support/temporary-stack';

const root = process.cwd();

interface Suite {
  readonly tests: string;
  readonly stack: 'conformance' | 'durable';
  env(stack: StackInfo): Record<string, string>;
}

const suites: Record<string, Suite> = {
  servicebus: {
    tests: 'integration/servicebus/conformance',
    stack: 'durable',
    env: ({ serviceBus }) => ({ MEDRELAY_CONFORMANCE_SERVICEBUS: serviceBus.connectionString }),
  },
  cosmos: {
    tests: 'integration/cosmos',
    stack: 'durable',
    env: ({ cosmos }) => ({ MEDRELAY_CONFORMANCE_COSMOS: cosmos.connectionString }),
  },
  keyvault: {
    tests: 'integration/keyvault/conformance',
    stack: 'durable',
    env: ({ services, operator }) => ({
      MEDRELAY_CONFORMANCE_KEYVAULT: services.keyVault.url,
      IDENTITY_ENDPOINT: services.identity.endpoint,
      IDENTITY_HEADER: operator.header,
      NODE_EXTRA_CA_CERTS: operator.caFile,
    }),
  },
  durable: {
    tests: 'integration/durable/conformance',
    stack: 'durable',
    env: ({ host, functionKeys }) => ({
      MEDRELAY_CONFORMANCE_DURABLE: host.url,
      MEDRELAY_CONFORMANCE_DURABLE_KEY: functionKeys.system,
    }),
  },
  host: {
    tests: 'integration/host/conformance',
    stack: 'conformance',
    env: ({ host, functionKeys, serviceBus, cosmos, azurite }) => ({
      MEDRELAY_CONFORMANCE_HOST: host.url,
      MEDRELAY_CONFORMANCE_HOST_KEY: functionKeys.master,
      MEDRELAY_CONFORMANCE_HOST_BUS: serviceBus.connectionString,
      MEDRELAY_CONFORMANCE_HOST_COSMOS: cosmos.connectionString,
      MEDRELAY_CONFORMANCE_HOST_STORAGE: azurite.connectionString,
    }),
  },
};

const emulators = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  Storage: 'UseDevelopmentStorage=true',
  Bus: 'Endpoint=sb://localhost;SharedAccessKeyName=x;SharedAccessKey=x;UseDevelopmentEmulator=true;',
  Cosmos: 'AccountEndpoint=https://localhost:8081/;AccountKey=x;',
};

/** The two fixture apps as somebody would deploy them, each with what it needs. */
const apps = {
  conformance: {
    values: { ...emulators, ...settings },
    topology: {
      UserConfig: hostEntities,
      Cosmos: {
        databases: [{ id: DATABASE, containers: containers.map((id) => ({ id, partitionKey: '/pk' })) }],
      },
    },
  },
  durable: {
    values: { ...emulators, TASK_HUB: 'ConformanceHub' },
    topology: {
      UserConfig: {
        Namespaces: [
          {
            Name: 'ns',
            Queues: Object.values(entities).flatMap(({ queues }) => queues),
            Topics: Object.values(entities).flatMap(({ topics }) => topics),
          },
        ],
        Logging: { Type: 'File' },
      },
    },
  },
};

/**
 * Each conformance suite against a stack that was started beside it, and that it finds by the environment alone, as it would
 * find the real service.
 */
export async function endpointsDrill(names: readonly string[]): Promise<void> {
  const chosen = Object.entries(suites).filter(([name]) => names.length === 0 || names.includes(name));
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-drill-endpoints-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const rows = [];
  for (const name of ['durable', 'conformance'] as const) {
    const mine = chosen.filter(([, { stack }]) => stack === name);
    if (mine.length === 0) continue;
    const stack = await deploy(name, join(folder, name));
    try {
      for (const [suite, { tests, env }] of mine) {
        console.log(`${suite}: ${tests} against ${stack.info.dataDir}`);
        rows.push({ suite, ...(await run(tests, env(stack.info), join(folder, `${suite}.json`))) });
      }
    } finally {
      await stack.stop();
    }
  }
  console.log(`\n${table(rows)}`);
  if (rows.some(({ failed, passed }) => failed > 0 || passed === 0)) process.exitCode = 1;
}

async function deploy(name: keyof typeof apps, folder: string): Promise<StackHandle> {
  const appDir = join(folder, 'app');
  const dataDir = join(folder, 'data');
  const { values, topology } = apps[name];
  cpSync(join(root, 'test/fixtures', `${name}-app`), appDir, { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(appDir, 'node_modules'));
  writeFileSync(join(appDir, 'local.settings.json'), JSON.stringify({ IsEncrypted: false, Values: values }));
  writeFileSync(join(appDir, 'topology.json'), JSON.stringify(topology));
  return startTemporaryStack(dataDir, {}, appDir);
}

interface Results {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { assertionResults: { status: string; fullName: string }[] }[];
}

async function run(tests: string, env: Record<string, string>, resultFile: string) {
  const started = Date.now();
  const jest = [
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...['--selectProjects', 'integration', '--forceExit', '--maxWorkers=1', '--silent'],
    ...['--json', '--outputFile', resultFile, '--', tests],
  ];
  const child = spawn(process.execPath, jest, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  await once(child, 'exit');
  process.off('exit', end);
  const results = JSON.parse(readFileSync(resultFile, 'utf8')) as Results;
  for (const { status, fullName } of results.testResults.flatMap(
    ({ assertionResults }) => assertionResults,
  )) {
    if (status === 'failed') console.log(`  failed: ${fullName}`);
  }
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests,
    skipped: results.numPendingTests,
    seconds: Math.round((Date.now() - started) / 1000),
  };
}
