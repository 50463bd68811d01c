import { buildSync } from 'esbuild';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { startHost, type Host, type HostOptions } from '../../../local/host';

export const root = resolve(__dirname, '../../..');
const keys = { master: 'master-key', function: 'function-key' };

/** The worker is a process of its own, so it must exist as JavaScript; built beside node_modules' cache. */
export function buildLocal(entries: Record<string, string>): { dir: string; remove(): void } {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'local-'));
  buildSync({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)])),
    outdir: dir,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    packages: 'external',
    logLevel: 'error',
  });
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** An app folder of its own: a fixture, or the given files; it finds the project's packages. */
export function appFolder(files: Record<string, string>, fixture?: string): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'host-app-'));
  if (fixture) cpSync(join(root, 'test/fixtures', fixture), dir, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export interface TestHost extends Host {
  lines: string[];
  call(path: string, init?: RequestInit): Promise<Response>;
}

export async function runHost(
  worker: string,
  options: Omit<HostOptions, 'port' | 'keys' | 'worker' | 'log' | 'env'> & { env?: Record<string, string> },
): Promise<TestHost> {
  const lines: string[] = [];
  const env = { PATH: process.env['PATH'] ?? '', ...options.env };
  const host = await startHost({ port: 0, keys, worker, log: (line) => lines.push(line), ...options, env });
  const call = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${host.port}${path}`, init);
  return { ...host, lines, call };
}

/** Polls until the condition holds; what takes longer than this limit is broken, not slow. */
const LIMIT_MS = 30_000;

export async function until<T>(probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + LIMIT_MS;
  while (Date.now() < end) {
    const value = await probe();
    if (value !== undefined) return value;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`The condition did not hold within ${LIMIT_MS / 1000} s.`);
}
