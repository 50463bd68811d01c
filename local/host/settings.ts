import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, messageOf } from './errors';

export type Env = Readonly<Record<string, string>>;

/**
 * The environment of the app, by the rules of `func start`: values of local.settings.json are added, a variable
 * that is already set wins.
 */
export function appEnvironment(
  appDir: string,
  given: Env,
  port: number,
  log: (line: string) => void,
): Record<string, string> {
  const env: Record<string, string> = { ...given };
  for (const [name, value] of Object.entries(readLocalSettings(appDir))) {
    if (env[name] === undefined) env[name] = value;
    else
      log(`Skipping '${name}' from local settings as it's already defined in current environment variables.`);
  }
  env['FUNCTIONS_WORKER_RUNTIME'] ??= 'node';
  env['AZURE_FUNCTIONS_ENVIRONMENT'] ??= 'Development';
  env['AzureWebJobsScriptRoot'] = appDir;
  env['WEBSITE_HOSTNAME'] = `localhost:${port}`;
  return env;
}

interface LocalSettings {
  IsEncrypted?: unknown;
  Values?: unknown;
  ConnectionStrings?: unknown;
  Host?: unknown;
}

/** `Values` and `ConnectionStrings` of local.settings.json; empty when the app has none. */
export function readLocalSettings(appDir: string): Record<string, string> {
  const settings = readFile(appDir);
  const strings = (group: unknown, prefix: string): [string, string][] =>
    Object.entries((group ?? {}) as Record<string, unknown>).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[prefix + name, value]] : [],
    );
  return Object.fromEntries([
    ...strings(settings.Values, ''),
    ...strings(settings.ConnectionStrings, 'ConnectionStrings:'),
  ]);
}

/** `Host` of local.settings.json: what concerns `func start` itself. */
export const readHostSection = (appDir: string): Readonly<Record<string, unknown>> =>
  (readFile(appDir).Host ?? {}) as Record<string, unknown>;

function readFile(appDir: string): LocalSettings {
  const file = join(appDir, 'local.settings.json');
  if (!existsSync(file)) return {};
  let settings: LocalSettings;
  try {
    settings = JSON.parse(readFileSync(file, 'utf8')) as LocalSettings;
  } catch (error) {
    throw new HostError(`${file} is not valid JSON: ${messageOf(error)}.`);
  }
  if (settings.IsEncrypted !== false) {
    throw new HostError(
      `${file} is encrypted or has no "IsEncrypted": false; write the values in plain text with "IsEncrypted": false.`,
    );
  }
  return settings;
}

/** Replaces every `%NAME%`; a name that is not set stops the start instead of ending in a queue called "%NAME%". */
export function resolveSettings(text: string, env: Env, where: string): string {
  return text.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = lookUp(env, name);
    if (value === undefined) {
      throw new HostError(
        `${where} refers to %${name}%, but the setting ${name} is not set; add it to local.settings.json or the environment.`,
      );
    }
    return value;
  });
}

/** Setting names are case-insensitive in .NET's configuration, and `:` and `__` are the same there. */
export function lookUp(env: Env, name: string): string | undefined {
  const normal = (key: string): string => key.toLowerCase().replaceAll('__', ':');
  const wanted = normal(name);
  return env[name] ?? Object.entries(env).find(([key]) => normal(key) === wanted)?.[1];
}

export function isDisabled(functionName: string, env: Env): boolean {
  const value =
    lookUp(env, `AzureWebJobs.${functionName}.Disabled`) ??
    lookUp(env, `AzureWebJobs_${functionName}_Disabled`);
  return value === '1' || value?.toLowerCase() === 'true';
}

/** Names the host in shared storage; stable across restarts of one app folder. */
export function hostId(appDir: string, env: Env): string {
  return (
    env['AzureFunctionsWebHost__hostid'] ?? createHash('sha256').update(appDir).digest('hex').slice(0, 32)
  );
}
