import { StackError } from '../local';
import { MedrelayError } from '../src/lib/errors';

/** One sentence for a person. Only known errors speak for themselves: the text of others may quote a patient. */
export function describeError(error: unknown): string {
  if (error instanceof MedrelayError) return `${error.safeMessage} (${error.code})`;
  if (error instanceof StackError) return error.message;
  const { code, path } = (error ?? {}) as { code?: unknown; path?: unknown };
  const file = typeof path === 'string' ? path : 'A file or folder on the command line';
  if (code === 'ENOENT') return `${file} does not exist.`;
  if (code === 'EACCES') return `${file} may not be read.`;
  if (code === 'EISDIR') return `${file} is a folder; a file is needed.`;
  if (code === 'ECONNREFUSED') return 'The stack does not answer. Is it running? `medrelay status` tells.';
  return `Something failed that should not${typeof code === 'string' ? ` (${code})` : ''}. Set MEDRELAY_DEBUG=1 and run it again to see where.`;
}
