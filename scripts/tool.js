'use strict';
// `npm run conformance|bench|drill:*`: builds, then runs one of dist/tools under the project's Node 22.
const { build, prepare, root, runBuilt } = require('./prepare');

(async () => {
  const node = prepare();
  process.chdir(root);
  const [tool, ...args] = process.argv.slice(2);
  process.exitCode = (await build(node)) || (await runBuilt(node, `tools/${tool}.js`, args));
})();
