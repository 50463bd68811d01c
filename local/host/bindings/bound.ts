import type { BindingOptions } from '../binding-options';
import type { HostContext } from '../context';
import type { InvocationResponse, TypedData } from '../protocol';
import type { InputBinding, OutputBinding } from './binding';
import type { BindingData } from './expressions';
import { INPUTS, OUTPUTS } from './index';

/** The bindings of one function beside its trigger. */
export class FunctionBindings {
  readonly #inputs: { name: string; binding: InputBinding }[] = [];
  readonly #outputs: { name: string; binding: OutputBinding }[] = [];

  async add(options: BindingOptions, host: HostContext): Promise<void> {
    const { name, type, direction } = options.binding;
    const input = direction === 'in' ? INPUTS[type] : undefined;
    const output = direction === 'in' ? undefined : OUTPUTS[type];
    if (input) this.#inputs.push({ name, binding: await input(options, host) });
    if (output) this.#outputs.push({ name, binding: await output(options, host) });
  }

  read(data: BindingData): Promise<{ name: string; data: TypedData }[]> {
    return Promise.all(
      this.#inputs.map(async ({ name, binding }) => ({ name, data: (await binding.read(data)) ?? {} })),
    );
  }

  /** The return value belongs to the binding `$return`; null and undefined write nothing. */
  async write(response: InvocationResponse, data: BindingData): Promise<void> {
    for (const { name, binding } of this.#outputs) {
      const value =
        name === '$return'
          ? response.returnValue
          : response.outputData?.find((output) => output.name === name)?.data;
      if (value) await binding.write(value, data);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#inputs, ...this.#outputs].map(async ({ binding }) => binding.close?.()));
  }
}

export async function openBindings(
  bindings: readonly { functionName: string; options: BindingOptions }[],
  host: HostContext,
): Promise<Map<string, FunctionBindings>> {
  const byFunction = new Map<string, FunctionBindings>();
  for (const { functionName, options } of bindings) {
    const own = byFunction.get(functionName) ?? new FunctionBindings();
    byFunction.set(functionName, own);
    await own.add(options, host);
  }
  return byFunction;
}
