import type { Hl7Segment } from '../../hl7';
import type { Scope } from '../scope';

const protocol = 'Protocol: how the receiver should apply and answer the record.';
const mfiKept = Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [n, protocol]));
const mfeKept = Object.fromEntries([2, 3, 4, 5, 6, 7].map((n) => [n, protocol]));

/** MFI says which file the records are of; MFN's event says it too. */
export function readMfi(segment: Hl7Segment, scope: Scope): void {
  scope.open(segment, mfiKept);
}

/**
 * HL7 table 0180 (MFE-1): whether the record is in use after it. A deleted record (MDL) is not: R4's resources that
 * refer to it stay. An update (MUP) says neither.
 */
export function readMfe(segment: Hl7Segment, scope: Scope, target: string): boolean | undefined {
  const field = scope.open(segment, mfeKept).first(1, target);
  switch (field?.code(1)?.toUpperCase()) {
    case 'MAD':
    case 'MAC':
      return true;
    case 'MDL':
    case 'MDC':
      return false;
    default:
      field?.keep(protocol);
      return undefined;
  }
}
