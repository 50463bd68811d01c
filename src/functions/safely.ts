import type { InvocationContext } from '@azure/functions';
import { safeError } from '../lib/security';

/** The host logs what a function throws, and the original may quote a patient. */
export async function safely(
  what: string,
  context: InvocationContext,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code, safeMessage } = safeError(error);
    context.error(`${what} failed: ${code}: ${safeMessage}`);
    throw new Error(`${code}: ${safeMessage}`);
  }
}
