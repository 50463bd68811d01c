import { Option } from 'commander';
import { readStack, type StackInfo } from '../local';
import { loadConfig } from '../src/lib/config';
import { createServices, type Services } from '../src/lib/services';

export const dataOption = (): Option =>
  new Option('--data <dir>', 'data folder of the local stack').default('.medrelay');

/**
 * Runs a command against the stack of the data folder; where none is running, the environment names the services
 * (production, or Microsoft's emulators).
 */
export async function withServices(
  dataDir: string,
  work: (services: Services) => Promise<void>,
): Promise<void> {
  const stack = await readStack(dataDir);
  const services = createServices(
    'medrelay-cli',
    loadConfig({ DEFAULT_TENANT: 'demo', ...process.env, ...(stack && settingsOf(stack)) }),
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
