import { globSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HostError, messageOf } from '../errors';
import type { IndexedFunction } from '../protocol';
import { readOnly, type FunctionApp } from './core';

const FUNCTION_NAME = /^[a-z][a-z0-9_-]{0,127}$/i;

/** Default capabilities of Azure's Node worker; the library adds `HttpUri` and whatever `app.setup` asked for. */
const CAPABILITIES = {
  RawHttpBodyBytes: 'true',
  RpcHttpTriggerMetadataRemoved: 'true',
  RpcHttpBodyOnly: 'true',
  IgnoreEmptyValuedRpcHttpHeaders: 'true',
  UseNullableValueDictionaryForHttp: 'true',
  WorkerStatus: 'true',
  TypedDataCollection: 'true',
  HandlesWorkerTerminateMessage: 'true',
};

/**
 * Loads the entry files one by one, runs the appStart hooks, takes the index. Azure hides an entry file that
 * throws behind "No job functions found"; here the reason is the answer.
 */
export async function loadApp(
  app: FunctionApp,
  appDir: string,
): Promise<{ functions: IndexedFunction[]; capabilities: Record<string, string> }> {
  const pkg = readPackage(appDir);
  for (const file of entryFiles(appDir, pkg.main)) {
    try {
      await loadFile(join(appDir, file), pkg.type);
    } catch (error) {
      throw new HostError(`The entry file ${file} of the app failed to load: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
  await app.runHooks(
    'appStart',
    readOnly(
      { functionAppDirectory: appDir },
      { hookData: () => app.appLevelHookData, appHookData: () => app.appHookData },
    ),
  );
  const functions = app.index();
  if (!functions.length) {
    throw new HostError(
      `No functions found: the files that "main" in package.json matches (${pkg.main}) registered none with @azure/functions. Build the app first, or correct "main".`,
    );
  }
  for (const { name } of functions) {
    if (!FUNCTION_NAME.test(name) || name.toLowerCase() === 'host') {
      throw new HostError(
        `The function name "${name}" is not valid: a letter, then up to 127 letters, digits, _ or -, and not "host".`,
      );
    }
  }
  const capabilities = (await app.model?.getCapabilities?.({ ...CAPABILITIES })) ?? CAPABILITIES;
  return { functions, capabilities };
}

function readPackage(appDir: string): { main: string; type?: string } {
  const file = join(appDir, 'package.json');
  let pkg: { main?: unknown; type?: unknown };
  try {
    pkg = JSON.parse(readFileSync(file, 'utf8')) as typeof pkg;
  } catch (error) {
    throw new HostError(
      `${file} cannot be read (${messageOf(error)}): --app must be the folder of a Functions v4 app.`,
    );
  }
  if (typeof pkg.main !== 'string') {
    throw new HostError(
      `${file} has no "main": the v4 model needs the path or pattern of the entry files there.`,
    );
  }
  return { main: pkg.main, ...(typeof pkg.type === 'string' ? { type: pkg.type } : {}) };
}

function entryFiles(appDir: string, pattern: string): string[] {
  const isFile = (file: string): boolean => statSync(join(appDir, file)).isFile();
  const files = globSync(pattern, { cwd: appDir }).filter(isFile).sort();
  if (!files.length) {
    throw new HostError(
      `Found zero files matching the supplied pattern: "main" in package.json is ${pattern}. Build the app first, or correct "main".`,
    );
  }
  return files;
}

async function loadFile(path: string, packageType: string | undefined): Promise<void> {
  const esm = path.endsWith('.mjs') || (!path.endsWith('.cjs') && packageType === 'module');
  if (esm) await import(pathToFileURL(path).href);
  else createRequire(path)(path);
}
