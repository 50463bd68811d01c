import type { InvocationRequest, InvocationResponse } from '../protocol';
import { readOnly, type CoreInvocationContext, type FunctionApp } from './core';

/** One invocation, in the exact order of Azure's worker: hooks may replace inputs, handler, result and error. */
export async function invoke(app: FunctionApp, request: InvocationRequest): Promise<InvocationResponse> {
  const registered = app.functions.get(request.functionName);
  if (!registered || !app.model) throw new Error(`Function "${request.functionName}" is not registered.`);

  const current: { context?: unknown } = {};
  const core: CoreInvocationContext = {
    invocationId: request.invocationId,
    request: { ...request, functionId: request.functionName },
    metadata: registered.metadata,
    log: (level, category, message) =>
      app.log(level, category, message, request.functionName, current.context),
  };
  const during = async <T>(state: CoreInvocationContext['state'], work: () => Promise<T>): Promise<T> => {
    core.state = state;
    try {
      return await work();
    } finally {
      delete core.state;
    }
  };

  const model = app.model.getInvocationModel(core);
  const { context, inputs } = await model.getArguments();
  current.context = context;

  const hookData = {};
  const shared = {
    hookData: () => hookData,
    appHookData: () => app.appHookData,
    invocationContext: () => context,
  };
  const pre = readOnly({ inputs, functionCallback: registered.callback }, shared);
  await during('preInvocationHooks', () => app.runHooks('preInvocation', pre));

  const post = readOnly({ inputs: pre.inputs, result: null as unknown, error: null as unknown }, shared);
  try {
    post.result = await during('invocation', () =>
      model.invokeFunction(context, pre.inputs, pre.functionCallback),
    );
  } catch (error) {
    post.error = error;
  }
  await during('postInvocationHooks', () => app.runHooks('postInvocation', post));

  if (post.error !== null && post.error !== undefined) throw post.error;
  return model.getResponse(context, post.result);
}
