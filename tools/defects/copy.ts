import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { transformSync } from 'esbuild';
import type { Defect } from './defect';

const LEFT_OUT = new Set(['node_modules', '.git', 'dist', '.medrelay', 'coverage', 'results']);
/** A run that has neither failed nor passed by then has not noticed anything. */
const RUN_LIMIT_MS = 15 * 60_000;

class StaleDefect extends Error {}

export interface Run {
  /** The first test that failed; undefined when all passed. */
  readonly failed: string | undefined;
  readonly seconds: number;
}

/** The tree without its packages, in a temporary folder where it may be damaged. */
export class Copy {
  private readonly folder = mkdtempSync(join(tmpdir(), 'medrelay-defects-'));
  private readonly root = join(this.folder, 'tree');
  /** The tests' own temporary files: a run that is cut short leaves them. */
  private readonly temporary = join(this.folder, 'tmp');

  constructor(tree: string) {
    cpSync(tree, this.root, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
    symlinkSync(join(tree, 'node_modules'), join(this.root, 'node_modules'), 'dir');
    mkdirSync(this.temporary);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Makes the defect for as long as `work` runs. */
  async with<T>({ file, find, replace }: Defect, work: () => Promise<T>): Promise<T> {
    const path = join(this.root, file);
    const sound = readFileSync(path, 'utf8');
    const parts = sound.split(find);
    if (parts.length !== 2) {
      throw new StaleDefect(`its text occurs ${parts.length - 1} times in ${file}, and must exactly once`);
    }
    const damaged = parts.join(replace);
    try {
      transformSync(damaged, { loader: 'ts' });
    } catch {
      // Tests would fail to load it, which is no merit of theirs.
      throw new StaleDefect(`${file} is no TypeScript with it`);
    }
    writeFileSync(path, damaged);
    try {
      return await work();
    } finally {
      writeFileSync(path, sound);
    }
  }

  /** Runs these tests until the first of them fails. They run the sources: there is no `dist` in the copy. */
  async test(tests: readonly string[]): Promise<Run> {
    const started = Date.now();
    let failed: string | undefined;
    let ran = 0;
    const code = await this.node(
      [
        '--disable-warning=ExperimentalWarning',
        'node_modules/jest/bin/jest.js',
        '--forceExit',
        '--selectProjects',
        'unit',
        'integration',
        '--maxWorkers=1',
        '--reporters=<rootDir>/tools/defects/first-failure.cjs',
        '--',
        ...tests,
      ],
      (line) => {
        ran++;
        failed ??= failureOf(line);
        return failed !== undefined;
      },
    );
    if (code !== 0 && failed === undefined) {
      throw new Error(`jest ended with ${code ?? 'a signal'} after ${ran} lines and named no failed test`);
    }
    return { failed, seconds: (Date.now() - started) / 1000 };
  }

  /** Exit code of a Node process in the copy; `isEnough` decides at each line of output whether to cut it short. */
  private async node(args: readonly string[], isEnough: (line: string) => boolean): Promise<number | null> {
    const child = spawn(process.execPath, args, {
      cwd: this.root,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TMPDIR: this.temporary },
      // A group of its own, so that what the tests started ends with them.
      detached: true,
    });
    const cut = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group has ended already.
      }
    };
    const limit = setTimeout(cut, RUN_LIMIT_MS);
    process.once('exit', cut);
    createInterface({ input: child.stdout }).on('line', (line) => isEnough(line) && cut());
    try {
      return await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    } finally {
      clearTimeout(limit);
      process.off('exit', cut);
      cut();
    }
  }
}

function failureOf(line: string): string | undefined {
  if (!line.startsWith('{"failed":')) return undefined;
  return (JSON.parse(line) as { failed: string }).failed;
}
