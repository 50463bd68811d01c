import * as path from 'node:path';
import * as z from 'zod';
import { MedrelayError } from './errors';
import { TENANT_ID } from './security';

/** A setting is a connection string, or a group `NAME__...` that names an endpoint and signs in with an identity. */
export type Connection = { readonly kind: 'connectionString'; readonly value: string } | IdentityConnection;

export interface IdentityConnection {
  readonly kind: 'identity';
  readonly endpoint: string;
  /** `managedidentity` as Azure Functions spells it; anything else leaves the choice to DefaultAzureCredential. */
  readonly credential?: string;
  readonly clientId?: string;
}

export interface Config {
  readonly connections: {
    readonly serviceBus: Connection;
    readonly cosmos: Connection;
    readonly storage: Connection;
  };
  /** The tenant of a message that names none. */
  readonly defaultTenant: string;
  /** `Development` on a developer's machine. */
  readonly environment: string | undefined;
  readonly keyFile: string | undefined;
  /** There are no keys to a vault: it is always opened by an identity. */
  readonly keyVault: IdentityConnection | undefined;
  /** A larger body travels as a claim check: a standard-tier queue takes 256 KB with properties. */
  readonly maxInlineBytes: number;
  /** How long a message waits in the queue between attempts while a store is away; the last one repeats. */
  readonly retryDelaysSeconds: readonly number[];
  /** Where this deployment keeps data, such as `eu`; a tenant of another residency does not exist here. */
  readonly residency?: string | undefined;
  /** Folder of tenants, sender profiles, rules and policies. */
  readonly configDir: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The only reader of the environment. It names everything that is wrong at once, and quotes no value. */
export function loadConfig(env: Environment = process.env): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = settings.safeParse(given);
  const wrong = parsed.error?.issues.map(({ path: [name], message }) => `${String(name)}: ${message}`) ?? [];
  const faults = [...absent(given), ...wrong];
  if (!parsed.success || faults.length > 0) {
    const lines = faults.map((fault) => `\n  ${fault}`);
    throw new MedrelayError('CONFIG_INVALID', `Settings are missing or wrong:${lines.join('')}`);
  }
  return configOf(parsed.data);
}

/** The last part of the group that says where the service is. */
const ENDPOINT_PARTS = {
  ServiceBusConnection: ['fullyQualifiedNamespace'],
  CosmosDBConnection: ['accountEndpoint'],
  AzureWebJobsStorage: ['blobServiceUri', 'accountName'],
} as const;

function absent(given: Environment): string[] {
  const faults = Object.entries(ENDPOINT_PARTS)
    .filter(([name, parts]) =>
      [name, ...parts.map((part) => `${name}__${part}`)].every((each) => !given[each]),
    )
    .map(
      ([name, [part]]) =>
        `${name}: is missing. Set it to a connection string, or set ${name}__${part} to sign in with an identity.`,
    );
  if (!given.KEY_VAULT_URL && !given.MEDRELAY_KEY_FILE) {
    faults.push(
      'KEY_VAULT_URL: is missing. Set it to the vault that holds the key-encryption key; on a development machine ' +
        'set MEDRELAY_KEY_FILE instead.',
    );
  }
  return faults;
}

const text = z.string().optional();
const LOOPBACK_BROKER = /Endpoint=sb:\/\/(localhost|127\.|\[::1\])/i;

const settings = z.object({
  ServiceBusConnection: z
    .string()
    .regex(
      /Endpoint=sb:\/\/[^;]+;.*SharedAccessKey=/i,
      'is not a Service Bus connection string (Endpoint=sb://...).',
    )
    .refine((value) => !LOOPBACK_BROKER.test(value) || /UseDevelopmentEmulator=true/i.test(value), {
      message: 'names this machine; add UseDevelopmentEmulator=true; or the client insists on TLS.',
    })
    .optional(),
  ServiceBusConnection__fullyQualifiedNamespace: text,
  ServiceBusConnection__credential: text,
  ServiceBusConnection__clientId: text,
  CosmosDBConnection: z
    .string()
    .regex(
      /AccountEndpoint=https?:\/\/[^;]+;.*AccountKey=/i,
      'is not a Cosmos DB connection string (AccountEndpoint=...;AccountKey=...).',
    )
    .optional(),
  CosmosDBConnection__accountEndpoint: z.url('is not an https URL.').optional(),
  CosmosDBConnection__credential: text,
  CosmosDBConnection__clientId: text,
  AzureWebJobsStorage: z
    .string()
    .regex(/UseDevelopmentStorage=true|AccountName=|BlobEndpoint=/i, 'is not a storage connection string.')
    .optional(),
  AzureWebJobsStorage__blobServiceUri: z.url('is not an https URL.').optional(),
  AzureWebJobsStorage__accountName: text,
  AzureWebJobsStorage__credential: text,
  AzureWebJobsStorage__clientId: text,
  DEFAULT_TENANT: z
    .string('is missing. Set it to the tenant of messages that name none, for example "demo".')
    .regex(
      TENANT_ID,
      'may hold a-z, 0-9 and hyphens, at most 63 characters, and starts with a letter or digit.',
    ),
  AZURE_FUNCTIONS_ENVIRONMENT: text,
  MEDRELAY_KEY_FILE: text,
  KEY_VAULT_URL: z
    .url({ protocol: /^https$/, error: 'is not a URL such as https://NAME.vault.azure.net/.' })
    .optional(),
  KEY_VAULT_URL__credential: text,
  KEY_VAULT_URL__clientId: text,
  MEDRELAY_MAX_INLINE_BYTES: z.coerce
    .number('is not a number of bytes.')
    .int('is not a whole number of bytes.')
    .min(1024, 'is too small; 1024 is the least.')
    .max(100 * 1024 * 1024, 'exceeds what any Service Bus tier carries.')
    .default(200 * 1024),
  RETRY_DELAYS_SECONDS: z
    .string()
    .regex(/^\d{1,5}(,\d{1,5})*$/, 'is not a list of whole seconds such as 60,300,900,3600.')
    .default('60,300,900,3600'),
  MEDRELAY_RESIDENCY: text,
  MEDRELAY_CONFIG_DIR: text,
  /** Set by the Functions host: the folder of the app. */
  AzureWebJobsScriptRoot: text,
});

function configOf(env: z.infer<typeof settings>): Config {
  const connection = (name: keyof typeof ENDPOINT_PARTS, endpoint = ''): Connection => {
    const value = env[name];
    if (value !== undefined) return { kind: 'connectionString', value };
    return {
      kind: 'identity',
      endpoint,
      credential: env[`${name}__credential`],
      clientId: env[`${name}__clientId`],
    };
  };
  const account = env.AzureWebJobsStorage__accountName;
  const blobService = env.AzureWebJobsStorage__blobServiceUri ?? `https://${account}.blob.core.windows.net`;
  return {
    connections: {
      serviceBus: connection('ServiceBusConnection', env.ServiceBusConnection__fullyQualifiedNamespace),
      cosmos: connection('CosmosDBConnection', env.CosmosDBConnection__accountEndpoint),
      storage: connection('AzureWebJobsStorage', blobService),
    },
    defaultTenant: env.DEFAULT_TENANT,
    environment: env.AZURE_FUNCTIONS_ENVIRONMENT,
    keyFile: env.MEDRELAY_KEY_FILE,
    keyVault:
      env.KEY_VAULT_URL === undefined
        ? undefined
        : {
            kind: 'identity',
            endpoint: env.KEY_VAULT_URL,
            credential: env.KEY_VAULT_URL__credential,
            clientId: env.KEY_VAULT_URL__clientId,
          },
    maxInlineBytes: env.MEDRELAY_MAX_INLINE_BYTES,
    retryDelaysSeconds: env.RETRY_DELAYS_SECONDS.split(',').map(Number),
    residency: env.MEDRELAY_RESIDENCY,
    configDir: path.resolve(env.AzureWebJobsScriptRoot ?? '.', env.MEDRELAY_CONFIG_DIR ?? 'config'),
  };
}
