/** What the backend needs from the host that runs the app. */

export type FunctionKind = 'orchestrator' | 'activity' | 'entity';

export interface Functions {
  /** The function's name as it is registered; names are compared without case. */
  find(kind: FunctionKind, name: string): string | undefined;
  names(kind: FunctionKind): readonly string[];
  /**
   * Runs a function with a text, as its trigger gives it, and resolves with the JSON of what it returned.
   * Rejects with FunctionFailed.
   */
  run(kind: FunctionKind, name: string, input: string | undefined, instance: string): Promise<string>;
}

export class FunctionFailed extends Error {
  constructor(
    message: string,
    readonly details: string,
    /** `lost`: its process ended before it answered, which says nothing about the function. */
    readonly reason: 'threw' | 'timeout' | 'lost' | 'unknown' = 'threw',
  ) {
    super(message);
  }
}

/** DurableTaskExtension.GetInvalid...FunctionMessage. */
export function unknownFunction(functions: Functions, kind: FunctionKind, name: string): string {
  const known = functions.names(kind);
  const info = known.length
    ? `The following are the known ${kind} functions: '${known.join("', '")}'.`
    : `No ${kind} functions are currently registered!`;
  return `The function '${name}' doesn't exist, is disabled, or is not an ${kind} function. Additional info: ${info}`;
}
