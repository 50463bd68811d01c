#!/usr/bin/env node
'use strict';
// Entry of the `medrelay` command in a checkout: plain JavaScript for Node 20, goes on under the project's Node 22.
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { prepare, root, run } = require('../scripts/prepare');

(async () => {
  const node = prepare();
  const cli = join(root, 'dist', 'cli.js');
  if (!existsSync(cli)) {
    const cwd = process.cwd();
    process.chdir(root);
    const built = await run(node, ['scripts/build.mjs']);
    if (built) process.exit(built);
    process.chdir(cwd);
  }
  process.exitCode = await run(node, [
    '--disable-warning=ExperimentalWarning',
    '--enable-source-maps',
    cli,
    ...process.argv.slice(2),
  ]);
})();
