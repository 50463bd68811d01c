import { MedrelayError } from '../errors';

/**
 * What of an error may leave the process. Text of a foreign error is withheld: a parser or an SDK may quote
 * the document it was given, and with it a patient.
 */
export function safeError(error: unknown): { code: string; safeMessage: string } {
  if (error instanceof MedrelayError) return { code: error.code, safeMessage: error.safeMessage };
  return {
    code: 'INTERNAL',
    safeMessage: 'An unexpected error. Its text is withheld: it may quote patient data.',
  };
}
