import { HostError } from './errors';
import { lookUp, type Env } from './settings';

/** What a binding's `connection` names: a connection string, or endpoints that a token credential opens. */
export type Connection =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly group: Readonly<Record<string, string>> };

/** Services whose connection may be given by identity, and the endpoint setting of each, in order of preference. */
const ENDPOINTS = {
  serviceBus: ['fullyQualifiedNamespace'],
  cosmosDb: ['accountEndpoint'],
  blobs: ['blobServiceUri', 'serviceUri', 'accountName'],
  queues: ['queueServiceUri', 'serviceUri', 'accountName'],
} as const;
export type Service = keyof typeof ENDPOINTS;

/** `NAME`, `AzureWebJobsNAME` or `ConnectionStrings:NAME`; else the settings that begin with `NAME__`. */
export function connectionOf(name: string, service: Service, env: Env, where: string): Connection {
  const text =
    lookUp(env, name) ?? lookUp(env, `AzureWebJobs${name}`) ?? lookUp(env, `ConnectionStrings:${name}`);
  if (text) return { name, text };
  const group = groupOf(name, env) ?? groupOf(`AzureWebJobs${name}`, env);
  if (!group) {
    throw new HostError(
      `${where} needs the connection setting ${name}, which is not set; add it to local.settings.json or the environment.`,
    );
  }
  if (!ENDPOINTS[service].some((option) => group[option.toLowerCase()])) {
    throw new HostError(
      `${where} uses the connection ${name}, which is set as an identity group without an endpoint; add ${ENDPOINTS[service].map((option) => `${name}__${option}`).join(' or ')}.`,
    );
  }
  return { name, group };
}

/** Two bindings with equal keys talk to the same account. */
export const connectionKey = (connection: Connection): string =>
  'text' in connection ? connection.text : JSON.stringify(connection.group);

/** The first endpoint that the group gives, as a URL; an account name stands for its public endpoint. */
export function endpointOf(group: Readonly<Record<string, string>>, service: Service): string {
  for (const option of ENDPOINTS[service]) {
    const value = group[option.toLowerCase()];
    if (!value) continue;
    if (option !== 'accountName') return value;
    return `https://${value}.${service === 'blobs' ? 'blob' : 'queue'}.core.windows.net`;
  }
  throw new HostError(`The connection has no endpoint for ${service}.`);
}

function groupOf(name: string, env: Env): Record<string, string> | undefined {
  const prefix = `${name.toLowerCase()}:`;
  const found = Object.entries(env).flatMap(([key, value]): [string, string][] => {
    const normal = key.toLowerCase().replaceAll('__', ':');
    return value && normal.startsWith(prefix) ? [[normal.slice(prefix.length), value]] : [];
  });
  return found.length ? Object.fromEntries(found) : undefined;
}
