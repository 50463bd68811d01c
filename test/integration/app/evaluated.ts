import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorker } from '../../support/start-worker';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

export interface Loaded {
  readonly functions: readonly string[];
  /** Packages in the bundle; the project's own files are `src`. */
  readonly bundled: ReadonlySet<string>;
  /** Those of which a module has run by the time the functions are known. */
  readonly evaluated: ReadonlySet<string>;
}

/**
 * Starts the built app in the worker and asks V8 which functions ran. In esbuild's output a comment names each module;
 * a module that waits for its first use is a function of that name, any other runs with the file.
 */
export async function loadBundle(appDir: string, bundle: string): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-coverage-'));
  try {
    const { functions } = await startWorker(appDir, { NODE_V8_COVERAGE: folder });
    const called = calledIn(folder, bundle);
    const sections = readFileSync(bundle, 'utf8').split(/^\/\/ ((?:node_modules|src)\/.+)$/m);
    const bundled = new Set<string>();
    const evaluated = new Set<string>();
    for (let i = 1; i < sections.length; i += 2) {
      const [path = '', code = ''] = [sections[i], sections[i + 1]];
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'src';
      const waits = /= __(?:commonJS|esm)\(\{/.test(code);
      bundled.add(name);
      if (!waits || called.has(path)) evaluated.add(name);
    }
    return { functions, bundled, evaluated };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function calledIn(folder: string, bundle: string): ReadonlySet<string> {
  const scripts = readdirSync(folder).flatMap(
    (file) => (JSON.parse(readFileSync(join(folder, file), 'utf8')) as Coverage).result,
  );
  const app = scripts.find(({ url }) => url.endsWith(bundle.replaceAll('\\', '/')));
  if (app === undefined) throw new Error(`The worker did not load ${bundle}.`);
  return new Set(
    app.functions.filter(({ ranges }) => ranges[0]?.count).map(({ functionName }) => functionName),
  );
}
