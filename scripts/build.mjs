// dist/app.js   the Functions app, one CommonJS file, as Azure runs it
// dist/cli.js   the `medrelay` command
// dist/local/*  one process each of the local stack
import { build } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  sourcemap: true,
  logLevel: 'warning',
  outdir: 'dist',
  write: false,
  // @azure/storage-blob reads import.meta.url, which CommonJS output leaves empty.
  define: { 'import.meta.url': '__medrelay_import_meta_url' },
  banner: { js: "const __medrelay_import_meta_url = require('node:url').pathToFileURL(__filename).href;" },
};

const entries = (names) =>
  Object.fromEntries(Object.entries(names).filter(([, file]) => existsSync(join(root, file))));

const built = await Promise.all([
  build({
    ...common,
    entryPoints: entries({ app: 'src/app.ts' }),
    external: ['@azure/functions-core'],
  }),
  build({
    ...common,
    entryPoints: entries({
      cli: 'cli/main.ts',
      'local/servicebus': 'local/servicebus/main.ts',
      'local/cosmos': 'local/cosmos/main.ts',
      'local/host': 'local/host/main.ts',
      'local/services': 'local/services/main.ts',
      'local/worker': 'local/host/worker/main.ts',
      'tools/conformance': 'tools/conformance/main.ts',
      'tools/codemaps': 'tools/codemaps/main.ts',
      'tools/faults': 'tools/faults/main.ts',
      'tools/ledger': 'tools/ledger/main.ts',
      'tools/differential': 'tools/differential/main.ts',
      'tools/bench': 'bench/main.ts',
      'tools/drill': 'test/drills/main.ts',
      'tools/durable-host': 'test/drills/durable-host.ts',
      'tools/defects': 'tools/defects/main.ts',
    }),
    packages: 'external',
  }),
]);

// The page's own files, as they are.
const assets = join(root, 'local', 'page', 'assets');
const copied = readdirSync(assets).map((name) => ({
  path: join(root, 'dist', 'local', 'assets', name),
  contents: readFileSync(join(assets, name)),
}));

// Another stack may be running from these files and start a part again at any moment: each is replaced whole.
for (const { path, contents } of [...built.flatMap(({ outputFiles }) => outputFiles), ...copied]) {
  if (existsSync(path) && readFileSync(path).equals(contents)) continue;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}
