import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { StackInfo } from '../../local';

export const root = resolve(__dirname, '../..');
export const scripts = { start: join(root, 'scripts/start.js'), medrelay: join(root, 'cli/medrelay.js') };

/**
 * Nothing of what a test runner adds, and no npm: where packages have to be installed first, the tests fail instead of
 * replacing them under everything else that runs.
 */
const env = { PATH: '/nonexistent', HOME: process.env['HOME'], TMPDIR: tmpdir() };

const folders: string[] = [];
export function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'medrelay-e2e-'));
  folders.push(dir);
  return dir;
}

const running = new Set<Started>();

/** Ends whatever a failed test left running and removes the folders; for `afterAll`. */
export async function cleanUp(): Promise<void> {
  for (const { child } of running) child.kill('SIGKILL');
  for (const dir of folders) {
    await until(() => (processesOf(dir).length === 0 ? true : undefined));
    rmSync(dir, { recursive: true, force: true });
  }
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without the entry for older versions of Node, which the long-running commands go through. */
const cli = ['--disable-warning=ExperimentalWarning', join(root, 'dist/cli.js')];

/** A command in a second shell, to its end. */
export async function medrelay(args: readonly string[], { cwd = root, input = '' } = {}): Promise<Result> {
  const child = spawn(process.execPath, [...cli, ...args], { cwd, env });
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

/** What a command says with `--json`. */
export async function json<T>(...args: string[]): Promise<T> {
  const { stdout, stderr } = await medrelay(args);
  try {
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(`medrelay ${args.join(' ')} printed no JSON: ${stdout}${stderr}`);
  }
}

/** A program that goes on until it is told to stop, in a process group of its own, as a shell starts it. */
export interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves with what was printed as soon as the pattern is in it. */
  printed(pattern: RegExp | string): Promise<string>;
  /** Ctrl-C: the terminal sends SIGINT to the whole group. */
  interrupt(): void;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

export function start(
  script: string,
  args: readonly string[],
  { cwd = root, nodeArgs = [] as string[] } = {},
): Started {
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${script} could not be started.`);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const started: Started = {
    child,
    output: () => output,
    async printed(pattern) {
      await until(() => {
        if (output.match(pattern)) return true;
        if (child.exitCode !== null)
          throw new Error(`It ended (exit code ${child.exitCode}) before it printed ${pattern}: ${output}`);
        return undefined;
      });
      return output;
    },
    interrupt: () => void process.kill(-pid, 'SIGINT'),
    ended: once(child, 'close').then(([code]) => {
      running.delete(started);
      return { code: code as number | null, output };
    }),
  };
  running.add(started);
  return started;
}

export const stackOf = (dataDir: string): StackInfo =>
  JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8')) as StackInfo;

export const pidsOf = (stack: StackInfo): number[] =>
  [stack, stack.host, stack.serviceBus, stack.cosmos, stack.azurite, stack.services].map(({ pid }) => pid);

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Every process that names the folder on its command line, as all parts of a stack name their data. */
export const processesOf = (dataDir: string): string[] =>
  execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    .split('\n')
    .filter((line) => line.includes(dataDir));

/** Polls until there is a value; what takes longer than this limit is broken, not slow. */
export async function until<T>(probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + 50_000;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error('The condition did not hold within 50 s.');
    await new Promise((wake) => setTimeout(wake, 50));
  }
}
