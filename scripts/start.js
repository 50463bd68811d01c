'use strict';
const { prepare, root, run } = require('./prepare');

(async () => {
  const node = prepare();
  process.chdir(root);
  const built = await run(node, ['scripts/build.mjs']);
  process.exitCode =
    built ||
    (await run(node, [
      '--disable-warning=ExperimentalWarning',
      '--enable-source-maps',
      'dist/cli.js',
      'start',
      ...process.argv.slice(2),
    ]));
})();
