import type { BindingOptions } from '../binding-options';
import type { HostContext } from '../context';
import type { TypedData } from '../protocol';
import type { BindingData } from './expressions';

/** Fetched before each invocation; undefined means that there is nothing, which the function sees as undefined. */
export interface InputBinding {
  read(data: BindingData): Promise<TypedData | undefined>;
  close?(): Promise<void>;
}

/** Written after each successful invocation that gave it a value; a failure fails the invocation, as in Azure. */
export interface OutputBinding {
  write(value: TypedData, data: BindingData): Promise<void>;
  close?(): Promise<void>;
}

export type OpenInput = (options: BindingOptions, host: HostContext) => Promise<InputBinding>;
export type OpenOutput = (options: BindingOptions, host: HostContext) => Promise<OutputBinding>;
