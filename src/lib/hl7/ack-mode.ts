import type { MessageHeader } from './types';

/** HL7 table 0008: A is the application's answer, C that the message is (or is not) safely kept. */
export type AcknowledgementCode = 'AA' | 'AE' | 'AR' | 'CA' | 'CE' | 'CR';

type Asked = Pick<MessageHeader, 'acceptAcknowledgment' | 'applicationAcknowledgment'>;

/**
 * MSA-1 as this sender understands it, or undefined where it wants to hear nothing (HL7 v2.5.1 ch. 2.9.3, table 0155).
 * `code` is the answer in original mode, which an absent header and one with neither MSH-15 nor MSH-16 get.
 *
 * A valued MSH-15 asks for a commit acknowledgement. Where it is empty or NE, MSH-16 decides as in original mode: by
 * ch. 2.9.3.1 that mode is MSH-15 NE with MSH-16 AL. A value that table 0155 does not have counts as AL: an answer too
 * many is ignored, one too few stops the interface.
 */
export function acknowledgementCode(
  header: Asked | undefined,
  code: 'AA' | 'AE' | 'AR',
): AcknowledgementCode | undefined {
  const { acceptAcknowledgment: accept = '', applicationAcknowledgment: application = '' } = header ?? {};
  if (accept === '' && application === '') return code;
  if (accept !== '' && accept !== 'NE') return isWanted(accept, code) ? commitCodes[code] : undefined;
  return application !== '' && isWanted(application, code) ? code : undefined;
}

const commitCodes = { AA: 'CA', AE: 'CE', AR: 'CR' } as const;

function isWanted(condition: string, code: 'AA' | 'AE' | 'AR'): boolean {
  if (condition === 'NE') return false;
  if (condition === 'ER') return code !== 'AA';
  if (condition === 'SU') return code === 'AA';
  return true;
}
