'use strict';
// Runs on whatever Node the machine has (20 or newer) and needs nothing installed: it installs what the lock file
// says, so that everything after it runs on the project's own Node 22 (`node:sqlite`, the version Azure runs).
const { createHash } = require('node:crypto');
const { spawn, spawnSync } = require('node:child_process');
const { existsSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { delimiter, join } = require('node:path');

const root = join(__dirname, '..');
const stamp = join(root, 'node_modules', '.medrelay-installed');
const lockFile = join(root, '.medrelay-installing');

function fail(sentence) {
  console.error(`medrelay: ${sentence}`);
  process.exit(1);
}

/**
 * `npm ci` empties node_modules first, so two of them at once destroy each other's work: of two commands started on a
 * fresh clone one installs and the other waits. A lock whose process is gone is taken over.
 */
function whileAlone(work) {
  for (;;) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isAlive(lockFile)) rmSync(lockFile, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
  process.on('exit', () => rmSync(lockFile, { force: true }));
  work();
  rmSync(lockFile, { force: true });
}

function isAlive(file) {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * The path of the project's own Node 22, with what the lock file says installed on the way. `keep` leaves an older
 * installation as it is: a command in a second shell must not replace packages under a running stack.
 */
function prepare({ keep = false } = {}) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    fail(`Node ${process.versions.node} is too old. Install Node 20 or newer, then run the command again.`);
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const isInstalled = () =>
    existsSync(stamp) && (keep || readFileSync(stamp, 'utf8') === lock) && existsSync(node);
  if (!isInstalled())
    whileAlone(() => {
      if (!isInstalled()) install(node, lock);
    });
  return node;
}

function install(node, lock) {
  console.error('medrelay: installing packages (once, about a minute)');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    // Its report must not get into the output of a command that prints JSON.
    stdio: ['ignore', process.stderr.fd, 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0)
    fail(
      '`npm ci` failed; its message is above. Check the network and the npm registry setting, then run the command again.',
    );
  if (!existsSync(node))
    fail(
      'the package `node` did not install its binary. Run `npm rebuild node`, then run the command again.',
    );
  writeFileSync(stamp, lock);
}

/** Runs a command under the project's Node, passing the terminal through; resolves with its exit code. */
function run(node, args) {
  const child = spawn(node, args, {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}` },
  });
  // A terminal sends Ctrl-C to the child as well, another program may send it to this process alone: the child gets it
  // either way, and this process waits until it has drained.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ? 1 : code)));
}

const build = (node) => run(node, [join(root, 'scripts', 'build.mjs')]);

/** A script of dist/, in the folder of the caller. */
const runBuilt = (node, script, args) =>
  run(node, [
    '--disable-warning=ExperimentalWarning',
    '--enable-source-maps',
    join(root, 'dist', script),
    ...args,
  ]);

module.exports = { root, prepare, build, runBuilt };
