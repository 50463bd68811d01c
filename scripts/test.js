'use strict';
// Everything CI checks, in the order in which a mistake is cheapest to find. `.ci/run` reads the last line.
const { spawnSync } = require('node:child_process');
const { mkdirSync, readFileSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const { prepare, root } = require('./prepare');

const node = prepare();
const bin = (name, file) => [join(root, 'node_modules', name, file)];
const report = join(root, 'node_modules', '.cache', 'jest-report.json');
const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${require('node:path').delimiter}${process.env.PATH}`,
};

const steps = [
  ['build', ['scripts/build.mjs']],
  ['format', [...bin('prettier', 'bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
  ['types', [...bin('typescript', 'bin/tsc'), '-p', 'tsconfig.json']],
  ['lint', [...bin('eslint', 'bin/eslint.js'), '--max-warnings', '0', '.']],
  [
    'boundaries',
    [
      ...bin('dependency-cruiser', 'bin/dependency-cruise.mjs'),
      '--output-type',
      'err',
      'src',
      'cli',
      'local',
    ],
  ],
  ['dead code', [...bin('knip', 'bin/knip.js'), '--no-progress']],
];

let passed = 0;
let failed = 0;
const failures = [];

for (const [name, args] of steps) {
  const started = Date.now();
  const { status } = spawnSync(node, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (status === 0) passed += 1;
  else {
    failed += 1;
    failures.push(name);
  }
  if (name === 'build' && status !== 0) break;
}

if (!failures.includes('build')) {
  mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const jest = spawnSync(
    node,
    [
      '--disable-warning=ExperimentalWarning',
      ...bin('jest', 'bin/jest.js'),
      // Clients of the SDKs and servers of the tests may leave a handle behind; the results are complete by then.
      '--forceExit',
      // Jest would take one of two cores; most tests wait for a server, and every test brings its own ports and folders.
      '--maxWorkers',
      '2',
      '--json',
      '--outputFile',
      report,
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env },
  );
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    passed += result.numPassedTests;
    failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  } catch {
    failed += 1;
  }
  if (jest.status !== 0 && failed === 0) failed += 1;
  if (jest.status !== 0) failures.push('tests');
}

if (failures.length > 0) console.log(`Failed: ${failures.join(', ')}. The messages are above.`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
