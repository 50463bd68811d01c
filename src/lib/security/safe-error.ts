import { MedrelayError } from '../errors';

/** A class name, a system or HTTP code and a stack frame are shown only in these forms; data would not fit them. */
const NAME = /^[A-Z][a-zA-Z]{0,40}Error$|^Error$/;
const CODE = /^(?:\d{1,5}|E[A-Z]{2,30}|ERR_[A-Z_]{1,50})$/;
const FRAME = /^ {4}at ((?:async )?[\w.$<>]+(?: \[as \w+\])? \([\w./\\:@+-]+:\d+:\d+\))$/;

/**
 * What of an error may leave the process. Text of a foreign error is withheld: a parser or an SDK may quote
 * the document it was given, and with it a patient. Its kind and the place in the code are enough to find a defect.
 */
export function safeError(error: unknown): { code: string; safeMessage: string } {
  if (error instanceof MedrelayError) return { code: error.code, safeMessage: error.safeMessage };
  const kind = error instanceof Error ? kindOf(error) : typeof error;
  const [place] = error instanceof Error ? framesOf(error) : [];
  return {
    code: 'INTERNAL',
    safeMessage: `An unexpected error (${kind}${place === undefined ? '' : `, at ${place}`}). Its text is withheld: it may quote patient data.`,
  };
}

function kindOf(error: Error): string {
  const code = String((error as { code?: unknown }).code ?? '');
  return [NAME.test(error.name) ? error.name : 'Error', ...(CODE.test(code) ? [code] : [])].join(' ');
}

/** The frames alone: a message of several lines stands before them, and could look like one. */
function framesOf({ name, message, stack = '' }: Error): string[] {
  const end = stack.indexOf(message) + message.length;
  if (!stack.startsWith(name) || end < message.length) return [];
  return stack
    .slice(end)
    .split('\n')
    .flatMap((line) => FRAME.exec(line)?.[1] ?? []);
}
