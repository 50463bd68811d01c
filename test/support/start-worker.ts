import { fork } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { FromWorker } from '../../local/host/protocol';

/** The same from here and from dist/tools. */
const root = resolve(__dirname, '..', '..');

export interface Start {
  readonly functions: readonly string[];
  /** From the start of the process to the index of its functions. */
  readonly milliseconds: number;
}

/** Loads an app in the built worker, as the host does, and ends the process when its functions are known. */
export function startWorker(appDir: string, env: Record<string, string>): Promise<Start> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const worker = fork(join(root, 'dist', 'local', 'worker.js'), [], {
      cwd: appDir,
      env: { ...process.env, ...env },
      serialization: 'advanced',
      execArgv: ['--enable-source-maps', '--disable-warning=ExperimentalWarning'],
    });
    let start: Start | undefined;
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'loaded') {
        const milliseconds = performance.now() - started;
        start = { functions: message.functions.map(({ name }) => name), milliseconds };
        worker.send({ type: 'terminate' });
      } else if (message.type === 'loadFailed') {
        reject(new Error(message.reason));
        worker.send({ type: 'terminate' });
      }
    });
    worker.once('error', reject);
    worker.once('exit', (code) =>
      start ? resolve(start) : reject(new Error(`The worker ended with exit code ${code}.`)),
    );
    worker.send({ type: 'load', appDir });
  });
}
