import { MedrelayError } from '../../errors';

/** The log of one tenant and year cannot go on; nothing of it is signed until people have acted. */
export class IntegrityError extends MedrelayError {
  constructor(
    readonly alarm: 'integrity.rollback' | 'integrity.log',
    readonly tenantId: string,
    /** `<year>/<document>` */
    readonly what: string,
    why: string,
  ) {
    super(
      alarm === 'integrity.rollback' ? 'INTEGRITY_ROLLBACK' : 'INTEGRITY_LOG',
      `The audit log of ${tenantId} is not sealed any further: ${why} (${what}). Find out who changed database audit, ` +
        'restore container log from a copy, and run "medrelay audit verify".',
    );
  }
}
