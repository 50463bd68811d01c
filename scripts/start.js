'use strict';
const { build, prepare, runBuilt } = require('./prepare');

(async () => {
  const node = prepare();
  process.exitCode =
    (await build(node)) || (await runBuilt(node, 'cli.js', ['start', ...process.argv.slice(2)]));
})();
