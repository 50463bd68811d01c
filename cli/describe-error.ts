import { StackError } from '../local';
import { MedrelayError } from '../src/lib/errors';

/** One sentence for a person. Only known errors speak for themselves: the text of others may quote a patient. */
export function describeError(error: unknown): string {
  if (error instanceof MedrelayError) return `${error.safeMessage} (${error.code})`;
  if (error instanceof StackError) return error.message;
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOENT') return 'A file or folder on the command line does not exist.';
  if (code === 'EACCES') return 'A file or folder on the command line may not be read.';
  if (code === 'ECONNREFUSED') return 'The stack does not answer. Is it running? `medrelay status` tells.';
  return `Something failed that should not${typeof code === 'string' ? ` (${code})` : ''}. Set MEDRELAY_DEBUG=1 and run it again to see where.`;
}
