import { messageOf } from '../errors';
import type { FromWorker, RpcException, ToWorker } from '../protocol';
import { FunctionApp, provideFunctionsCore, readOnly } from './core';
import { invoke } from './invoke';
import { loadApp } from './load-app';

/**
 * The process that runs the app's code. It is a child of the host so that a crash, a timeout or a kill takes
 * the app's work with it, and nothing else, as in Azure.
 */

const send = (message: FromWorker): void => void process.send?.(message);

const app = new FunctionApp((level, category, message, functionName) =>
  send({ type: 'log', level, category, message, ...(functionName ? { functionName } : {}) }),
);

const exceptionOf = (error: unknown): RpcException => ({
  message: messageOf(error),
  ...(error instanceof Error && error.stack ? { stackTrace: error.stack } : {}),
});

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'load':
      try {
        send({ type: 'loaded', ...(await loadApp(app, message.appDir)) });
      } catch (error) {
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
        send({
          type: 'loadFailed',
          reason: messageOf(error),
          ...(cause?.stack ? { stack: cause.stack } : {}),
        });
      }
      return;
    case 'invoke':
      try {
        const response = await invoke(app, message);
        send({ type: 'succeeded', invocationId: message.invocationId, response });
      } catch (error) {
        send({ type: 'failed', invocationId: message.invocationId, exception: exceptionOf(error) });
      }
      return;
    case 'terminate':
      try {
        await app.runHooks(
          'appTerminate',
          readOnly({}, { hookData: () => app.appLevelHookData, appHookData: () => app.appHookData }),
        );
      } finally {
        process.exit(0);
      }
  }
}

provideFunctionsCore(app);
process.on('message', (message: ToWorker) => void handle(message));
// Ctrl-C in a terminal reaches the whole process group; the host decides when the worker ends.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
