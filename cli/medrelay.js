#!/usr/bin/env node
'use strict';
// Entry of the `medrelay` command in a checkout: plain JavaScript for Node 20, goes on under the project's Node 22.
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { build, prepare, root, runBuilt } = require('../scripts/prepare');

(async () => {
  const node = prepare({ keep: true });
  const failed = existsSync(join(root, 'dist', 'cli.js')) ? 0 : await build(node);
  process.exitCode = failed || (await runBuilt(node, 'cli.js', process.argv.slice(2)));
})();
