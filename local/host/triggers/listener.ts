import type { TriggerEvent } from '../invoker';

/** A trigger that listens by itself (everything but HTTP). */
export interface Listener {
  start(): Promise<void>;
  /** No new work after this; what runs goes on. A stopped listener can be started again. */
  stop(): Promise<void>;
  /** Lets go of connections, once nothing runs any more. */
  close(): Promise<void>;
  /** Runs the function now with an input given by hand, as the admin call does. */
  event(input: string): TriggerEvent;
}
