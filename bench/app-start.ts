import { buildSync, type BuildOptions } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startWorker } from '../test/support/start-worker';
import { atMost } from './bar';
import { milli, type Findings } from './section';
import { alternate } from './statistics';

const root = resolve(__dirname, '..', '..');
const runs = 15;

/** As scripts/build.mjs makes the app. */
const asBuilt: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  sourcemap: true,
  logLevel: 'error',
};

const emptyApp = `import { app } from '@azure/functions';
app.http('empty', { methods: ['GET'], handler: () => ({}) });`;

/** From the start of the worker to the functions of the app, against an app with one empty HTTP function. */
export async function benchAppStart(): Promise<Findings> {
  const { app, empty } = await measureStart();
  return {
    rows: [
      { measure: 'start of the app to its functions, best', found: milli(app) },
      { measure: 'start of an app with one empty function, best', found: milli(empty) },
    ],
    bars: [
      atMost(
        'start of the app to its functions / of one empty function, compile cache warm',
        12,
        app / empty,
      ),
    ],
    report: { app, empty },
  };
}

function measureStart(): Promise<{ app: number; empty: number }> {
  return inFolder(async (folder) => {
    const empty = join(folder, 'empty');
    buildSync({
      ...asBuilt,
      stdin: { contents: emptyApp, resolveDir: root },
      external: ['@azure/functions-core'],
      outfile: join(empty, 'app.js'),
    });
    writeFileSync(join(empty, 'package.json'), '{ "main": "app.js" }');
    const best = { app: Infinity, empty: Infinity };
    const start = (name: keyof typeof best, dir: string) => async () => {
      const { milliseconds } = await startWorker(dir, { NODE_COMPILE_CACHE: join(folder, 'compiled') });
      best[name] = Math.min(best[name], milliseconds);
    };
    const sides = [start('app', root), start('empty', empty)] as const;
    await alternate(2, ...sides);
    best.app = best.empty = Infinity;
    await alternate(runs, ...sides);
    return best;
  });
}

/** A fresh process that loads nothing but the converter's and the validator's doors, without a compile cache. */
export const measureLoad = (): Promise<number> =>
  inFolder((folder) => {
    const outfile = join(folder, 'converter.js');
    const doors = ['hl7', 'convert', 'fhir'].map((door) => `export * as ${door} from './src/lib/${door}';`);
    buildSync({
      ...asBuilt,
      stdin: { contents: doors.join('\n'), resolveDir: root },
      external: ['@azure/*'],
      outfile,
    });
    const script = `const started = performance.now(); require(${JSON.stringify(outfile)}); process.stdout.write(String(performance.now() - started));`;
    const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
    const times = Array.from({ length: runs }, () =>
      Number(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env }).stdout),
    );
    return Promise.resolve(Math.min(...times));
  });

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-start-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
