import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
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
  if (stack) signInTo(stack);
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
    await services.freshConfig();
    await work(services);
  } finally {
    await services.close();
  }
}

/** As its operator: tokens come from the stack, and its authority is trusted by this process alone. */
function signInTo({ services, operator }: StackInfo): void {
  process.env['IDENTITY_ENDPOINT'] = services.identity.endpoint;
  process.env['IDENTITY_HEADER'] = operator.header;
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(operator.caFile, 'utf8')]);
}

/** What the launcher gives the app, with the keys of the services. */
const settingsOf = ({ serviceBus, cosmos, azurite, services, keyFile, appDir }: StackInfo) => ({
  ServiceBusConnection: serviceBus.connectionString,
  CosmosDBConnection: cosmos.connectionString,
  AzureWebJobsStorage: azurite.connectionString,
  KEY_VAULT_URL: services.keyVault.url,
  KEY_VAULT_URL__credential: 'managedidentity',
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
