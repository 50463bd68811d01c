// dist/app.js   the Functions app, one CommonJS file, as Azure runs it
// dist/cli.js   the `medrelay` command
// dist/local/*  one process each of the local stack
import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const common = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  sourcemap: true,
  logLevel: 'warning',
  // @azure/storage-blob reads import.meta.url, which CommonJS output leaves empty.
  define: { 'import.meta.url': '__medrelay_import_meta_url' },
  banner: { js: "const __medrelay_import_meta_url = require('node:url').pathToFileURL(__filename).href;" },
};

const entries = (names) => Object.fromEntries(Object.entries(names).filter(([, file]) => existsSync(file)));

await Promise.all([
  build({
    ...common,
    entryPoints: entries({ app: 'src/app.ts' }),
    outdir: 'dist',
    external: ['@azure/functions-core'],
  }),
  build({
    ...common,
    entryPoints: entries({
      cli: 'cli/main.ts',
      'local/servicebus': 'local/servicebus/main.ts',
      'local/cosmos': 'local/cosmos/main.ts',
      'local/host': 'local/host/main.ts',
      'local/worker': 'local/host/worker/main.ts',
      'tools/conformance': 'tools/conformance/main.ts',
      'tools/ledger': 'tools/ledger/main.ts',
      'tools/differential': 'tools/differential/main.ts',
      'tools/bench': 'bench/main.ts',
      'tools/drill': 'test/drills/main.ts',
    }),
    outdir: 'dist',
    packages: 'external',
  }),
]);
