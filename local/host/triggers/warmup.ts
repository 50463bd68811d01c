import type { HostContext } from '../context';
import type { Listener, TriggeredFunction } from './trigger';

/** Runs once, before this host takes any work; a failure is logged and stops nothing. */
export async function openWarmups(
  functions: readonly TriggeredFunction[],
  { invoker }: HostContext,
): Promise<readonly Listener[]> {
  return functions.map((fn) => {
    const event = () => ({ input: { json: '{}' }, metadata: {}, reason: 'A new instance warms up' });
    let isWarm = false;
    return {
      async start() {
        if (isWarm) return;
        isWarm = true;
        await invoker.run(fn, event()).catch(() => undefined);
      },
      stop: async () => undefined,
      close: async () => undefined,
      manual: { fn, event },
    };
  });
}
