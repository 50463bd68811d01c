import { randomUUID } from 'node:crypto';
import type { FunctionBindings } from './bindings/bound';
import { bindingDataOf, type BindingData } from './bindings/expressions';
import { messageOf } from './errors';
import type { InvocationRequest, InvocationResponse, TypedData } from './protocol';
import { Runs } from './runs';
import { InvocationError, type WorkerProcess } from './worker-process';

/** What a trigger hands to its function. */
export interface TriggerEvent {
  input: TypedData;
  metadata?: Record<string, TypedData>;
  /** What binding expressions can refer to, where that is more than the metadata. */
  bindingData?: BindingData;
  /** Why the function runs, as shown in the log. Never holds anything from the payload. */
  reason: string;
}

export interface HostedFunction {
  name: string;
  /** The trigger binding's own name. */
  inputName: string;
}

/** Runs functions in the worker, writes the Executing/Executed lines and knows what is still running. */
export class Invoker {
  readonly runs = new Runs();
  #running = 0;
  readonly #waiters = new Set<() => void>();

  constructor(
    private readonly worker: WorkerProcess,
    private readonly bindingsOf: (functionName: string) => FunctionBindings | undefined,
    private readonly log: (line: string) => void,
  ) {}

  get outstanding(): number {
    return this.#running;
  }

  async run(
    fn: HostedFunction,
    event: TriggerEvent,
    retryContext?: InvocationRequest['retryContext'],
    invocationId: string = randomUUID(),
  ): Promise<InvocationResponse> {
    const started = performance.now();
    const startedAt = new Date().toISOString();
    const executed = (succeeded: boolean): void => {
      const durationMs = Math.round(performance.now() - started);
      const result = succeeded ? 'Succeeded' : 'Failed';
      this.log(`Executed 'Functions.${fn.name}' (${result}, Id=${invocationId}, Duration=${durationMs}ms)`);
      this.runs.add(fn.name, { id: invocationId, startedAt, reason: event.reason, durationMs, succeeded });
    };
    this.log(`Executing 'Functions.${fn.name}' (Reason='${event.reason}', Id=${invocationId})`);
    this.#running += 1;
    try {
      const bindings = this.bindingsOf(fn.name);
      const data = bindings ? { ...bindingDataOf(event.metadata ?? {}), ...event.bindingData } : {};
      const inputs = (await bindings?.read(data)) ?? [];
      const response = await this.worker.invoke({
        invocationId,
        functionName: fn.name,
        inputData: [{ name: fn.inputName, data: event.input }, ...inputs],
        ...(event.metadata ? { triggerMetadata: event.metadata } : {}),
        ...(retryContext ? { retryContext } : {}),
      });
      await bindings?.write(response, data);
      executed(true);
      return response;
    } catch (error) {
      executed(false);
      const stack = error instanceof InvocationError ? error.exception.stackTrace : undefined;
      this.log(stack ?? messageOf(error));
      throw error;
    } finally {
      this.#running -= 1;
      if (this.#running === 0) for (const wake of this.#waiters) wake();
    }
  }

  /** Resolves when nothing runs any more, at the latest after the limit; says whether all is done. */
  async idle(limitMs: number): Promise<boolean> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiters.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, limitMs);
        this.#waiters.add(wake);
      });
    }
    return this.#running === 0;
  }
}
