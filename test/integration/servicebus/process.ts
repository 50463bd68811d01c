import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { KEY, emulatorConfig } from './endpoint';

const root = join(__dirname, '..', '..', '..');
/** Below node_modules, so that the packages left out of the bundle are found from there. */
const bundle = join(root, 'node_modules', '.cache', `servicebus-${process.pid}`, 'main.js');

export function buildMain(): void {
  mkdirSync(join(bundle, '..'), { recursive: true });
  buildSync({
    entryPoints: [join(root, 'local', 'servicebus', 'main.ts')],
    bundle: true,
    platform: 'node',
    packages: 'external',
    outfile: bundle,
  });
}

export const bundleDirectory = join(bundle, '..');

export interface Running {
  child: ChildProcess;
  port: number;
  connectionString: string;
  kill(): Promise<void>;
}

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export function spawnMain(data: string, port: number, ...flags: string[]): ChildProcess {
  const config = join(data, 'config.json');
  writeFileSync(config, JSON.stringify(emulatorConfig));
  const known = ['--port', String(port), '--config', config, '--data', data];
  return spawn(process.execPath, [bundle, ...known, ...flags], {
    stdio: 'pipe',
    env: { ...process.env, SERVICE_BUS_KEY: KEY },
  });
}

export async function startMain(data: string, port = 0, ...flags: string[]): Promise<Running> {
  const child = spawnMain(data, port, ...flags);
  const [line] = (await once(createInterface({ input: need(child.stdout) }), 'line')) as [string];
  const { ready, ...rest } = JSON.parse(line) as { ready: boolean; port: number; connectionString: string };
  expect(ready).toBe(true);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  return { child, ...rest, kill };
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  need(child.stdout).on('data', (text) => (stdout += String(text)));
  need(child.stderr).on('data', (text) => (stderr += String(text)));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stdout, stderr };
}

function need<T>(value: T | null): T {
  if (value === null) throw new Error('the process has no pipes');
  return value;
}
