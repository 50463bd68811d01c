/** A fault the user can do something about: one clear sentence, printed without a stack. */
export class DurableError extends Error {
  override readonly name = 'DurableError';
}

/** What .NET throws where a caller asked for something impossible: the HTTP API answers 400. */
export class ArgumentError extends Error {
  readonly type: string = 'System.ArgumentException';
}

/** The request was sound and the instance's state forbids it: the HTTP API answers 500, as the extension does. */
export class StateError extends Error {
  constructor(
    message: string,
    readonly type = 'System.InvalidOperationException',
  ) {
    super(message);
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
