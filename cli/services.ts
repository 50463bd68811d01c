import { resolve } from 'node:path';
import { readStack, type StackInfo } from '../local';
import { loadConfig } from '../src/lib/config';
import { MedrelayError } from '../src/lib/errors';
import { createServices, type Services } from '../src/lib/services';
import { checkout } from './checkout';

/** Any of these says that somebody means services other than a local stack. */
const CONNECTION = /^(ServiceBusConnection|CosmosDBConnection|AzureWebJobsStorage)(__|$)/;

/**
 * Runs a command against the stack of the data folder; where none is running, the environment names the services
 * (production, or Microsoft's emulators).
 */
export async function withServices(
  dataDir: string,
  work: (services: Services) => Promise<void>,
): Promise<void> {
  const stack = await readStack(dataDir);
  if (!stack && !Object.keys(process.env).some((name) => CONNECTION.test(name)))
    throw new MedrelayError(
      'NO_STACK',
      `No stack is running on ${resolve(dataDir)}, and the environment names no services. Start a stack with "npm start", ` +
        'name its folder with --data, or set ServiceBusConnection, CosmosDBConnection and AzureWebJobsStorage.',
    );
  const services = createServices(
    'medrelay-cli',
    loadConfig({
      DEFAULT_TENANT: 'demo',
      AzureWebJobsScriptRoot: checkout,
      ...process.env,
      ...(stack && settingsOf(stack)),
    }),
  );
  try {
    await work(services);
  } finally {
    await services.close();
  }
}

/** What the launcher gives the app. */
const settingsOf = ({ serviceBus, cosmos, azurite, keyFile, appDir }: StackInfo) => ({
  ServiceBusConnection: serviceBus.connectionString,
  CosmosDBConnection: cosmos.connectionString,
  AzureWebJobsStorage: azurite.connectionString,
  MEDRELAY_KEY_FILE: keyFile,
  AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
  AzureWebJobsScriptRoot: appDir,
});

/** The tenant that the command line names, or the default one. */
export function tenantOf({ config, tenants }: Services, given: string | undefined): string {
  const id = given ?? config.defaultTenant;
  if (tenants.has(id)) return id;
  throw new MedrelayError(
    'UNKNOWN_TENANT',
    `There is no such tenant. Known are: ${[...tenants.keys()].join(', ')}.`,
  );
}
