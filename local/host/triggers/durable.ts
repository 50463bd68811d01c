import type { FunctionKind } from '../../durable';
import type { HostContext } from '../context';
import { durableOf } from '../durable';
import type { Listener, TriggeredFunction } from './trigger';

const KINDS: Readonly<Record<string, FunctionKind>> = {
  orchestrationtrigger: 'orchestrator',
  activitytrigger: 'activity',
  entitytrigger: 'entity',
};

/** Orchestrators, activities and entities together: none of them is anything without the others. */
export async function openDurableFunctions(
  functions: readonly TriggeredFunction[],
  host: HostContext,
): Promise<readonly Listener[]> {
  const { backend, add } = await durableOf(host);
  for (const { name, inputName, options } of functions) {
    const kind = KINDS[options.binding.type.toLowerCase()];
    if (kind) add(kind, { name, inputName });
  }
  return [
    {
      start: async () => backend.start(),
      stop: async () => backend.pause(),
      close: () => backend.stop(),
    },
  ];
}
