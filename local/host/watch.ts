import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join, relative } from 'node:path';
import { messageOf } from './errors';

/** Long enough for an editor or a compiler to finish a group of files. */
const QUIET_MS = 300;
const LOADED = /\.(js|mjs|cjs|json)$/;
const COMPILED = /\.[mc]?tsx?$/;
const isLeftOut = (name: string): boolean => name === 'node_modules' || name.startsWith('.');

/**
 * Watches an app folder: a changed TypeScript file runs the app's own `npm run build`, a changed JavaScript or JSON
 * file, which a build makes too, loads the app again. Node's own recursive watch would follow node_modules.
 */
export function watchApp(
  appDir: string,
  reload: (why: string) => void,
  log: (line: string) => void,
): { close(): void } {
  const watchers = new Map<string, FSWatcher>();
  const canBuild = hasBuildScript(appDir);
  let build: ReturnType<typeof spawn> | undefined;
  let again = false;
  const timers: Record<'build' | 'reload', NodeJS.Timeout | undefined> = {
    build: undefined,
    reload: undefined,
  };
  const soon = (what: 'build' | 'reload', work: () => void): void => {
    clearTimeout(timers[what]);
    timers[what] = setTimeout(work, QUIET_MS);
  };

  const runBuild = (): void => {
    if (build) {
      again = true;
      return;
    }
    build = spawn('npm', ['run', '--silent', 'build'], {
      cwd: appDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [build.stdout, build.stderr]) {
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    build.once('error', (error) => log(`The app cannot be built: ${messageOf(error)}`));
    build.once('close', (code) => {
      build = undefined;
      if (code) log(`The build of the app failed:\n${output.trim()}`);
      if (again) {
        again = false;
        runBuild();
      }
    });
  };

  const changed = (path: string): void => {
    const name = relative(appDir, path);
    if (LOADED.test(name)) soon('reload', () => reload(`${name} has changed`));
    else if (canBuild && COMPILED.test(name)) soon('build', runBuild);
  };

  const follow = (dir: string): void => {
    if (watchers.has(dir)) return;
    try {
      const watcher = watch(dir, (_, name) => {
        if (name === null || isLeftOut(name)) return;
        const path = join(dir, name);
        if (isFolder(path)) follow(path);
        else changed(path);
      });
      // A folder that is gone ends its own watch.
      watcher.on('error', () => forget(dir));
      watchers.set(dir, watcher);
      for (const entry of readdirSync(dir, { withFileTypes: true })) {
        if (entry.isDirectory() && !isLeftOut(entry.name)) follow(join(dir, entry.name));
      }
    } catch {
      forget(dir);
    }
  };
  const forget = (dir: string): void => {
    watchers.get(dir)?.close();
    watchers.delete(dir);
  };

  follow(appDir);
  return {
    close() {
      for (const timer of Object.values(timers)) clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
      build?.kill();
    },
  };
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

function hasBuildScript(appDir: string): boolean {
  try {
    const { scripts } = JSON.parse(readFileSync(join(appDir, 'package.json'), 'utf8')) as {
      scripts?: Record<string, string>;
    };
    return typeof scripts?.['build'] === 'string';
  } catch {
    return false;
  }
}
