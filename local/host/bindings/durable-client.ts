import type { BindingOptions } from '../binding-options';
import type { HostContext } from '../context';
import { durableOf } from '../durable';
import type { InputBinding } from './binding';

/** Addresses and keys with which `durable-functions` reaches the backend. */
export async function durableClientInput(options: BindingOptions, host: HostContext): Promise<InputBinding> {
  const { backend } = await durableOf(host);
  const hubName = options.text('taskHub');
  return {
    read: async () => ({ string: backend.clientBinding(hubName) }),
    close: () => backend.stop(),
  };
}
