/** A fault the user can do something about: one clear sentence, printed without a stack. */
export class HostError extends Error {
  override readonly name = 'HostError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
