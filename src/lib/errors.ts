/**
 * The one error shape of the product. `code` is stable and for machines, `safeMessage` is for people and
 * holds no PHI, `cause` is for a debugger only: it may quote a patient's data, so nothing ever logs it.
 */
export class MedrelayError extends Error {
  readonly code: string;
  readonly safeMessage: string;

  constructor(code: string, safeMessage: string, cause?: unknown) {
    super(`${code}: ${safeMessage}`, cause === undefined ? undefined : { cause });
    this.name = 'MedrelayError';
    this.code = code;
    this.safeMessage = safeMessage;
  }
}
