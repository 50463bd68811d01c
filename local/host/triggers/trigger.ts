import type { BindingOptions } from '../binding-options';
import type { HostContext } from '../context';
import type { HostedFunction, TriggerEvent } from '../invoker';
import type { RetryOptions } from '../protocol';

/** A trigger that listens by itself (everything but HTTP). */
export interface Listener {
  start(): Promise<void>;
  /** No new work after this; what runs goes on. A stopped listener can be started again. */
  stop(): Promise<void>;
  /** Lets go of connections, once nothing runs any more. */
  close(): Promise<void>;
  /** How the admin call runs the function now, with an input given by hand. */
  readonly manual?: { readonly fn: HostedFunction; event(input: string): TriggerEvent };
}

/** A function as its trigger finds it. */
export interface TriggeredFunction extends HostedFunction {
  readonly options: BindingOptions;
  readonly retry?: RetryOptions;
}

/**
 * One kind of trigger, or several that belong together. It gets all of the app's functions of its types at once, reads
 * their options and returns what listens for them; whatever cannot run is a HostError, which stops the start.
 */
export interface TriggerKind {
  /** Binding types as `@azure/functions` spells them. */
  readonly types: readonly string[];
  open(functions: readonly TriggeredFunction[], host: HostContext): Promise<readonly Listener[]>;
}

export const BY_HAND = 'This function was programmatically called via the host APIs.';
