import { appendFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startStack, type StackHandle } from '../../local';

/** Bundled to dist/tools, beside what the stack runs. */
const root = resolve(__dirname, '..', '..');

/** A stack of its own on free ports, for drills and benchmarks, with the built app or another; what it says goes to `stack.log`. */
export function startTemporaryStack(
  dataDir: string,
  env: Record<string, string>,
  appDir = root,
): Promise<StackHandle> {
  mkdirSync(dataDir, { recursive: true });
  const built = (name: string) => join(root, 'dist', 'local', `${name}.js`);
  return startStack({
    dataDir,
    appDir,
    ports: 'auto',
    scripts: {
      servicebus: built('servicebus'),
      cosmos: built('cosmos'),
      host: built('host'),
      services: built('services'),
      azurite: require.resolve('azurite/dist/src/azurite.js'),
    },
    log: (line) => appendFileSync(join(dataDir, 'stack.log'), `${line}\n`),
    env: { DEFAULT_TENANT: 'demo', ...env },
  });
}
