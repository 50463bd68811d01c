'use strict';
// `npm run conformance|bench|drill:*`: builds, then runs one of dist/tools under the project's Node 22.
const { prepare, root, run } = require('./prepare');

(async () => {
  const node = prepare();
  process.chdir(root);
  const [tool, ...args] = process.argv.slice(2);
  const built = await run(node, ['scripts/build.mjs']);
  process.exitCode =
    built ||
    (await run(node, [
      '--disable-warning=ExperimentalWarning',
      '--enable-source-maps',
      `dist/tools/${tool}.js`,
      ...args,
    ]));
})();
