import type { AuditContent } from '../content';
import type { Framework } from '../types';

/** What must not happen where it might not be recorded: each is a use of data that somebody will have to answer for. */
export const FAIL_CLOSED_CLASSES = ['break-glass', '42CFRPart2', 'bulk-export'] as const;
export type FailClosedClass = (typeof FAIL_CLOSED_CLASSES)[number];

/** v3-ActReason: break the glass, emergency treatment. */
const EMERGENCY = ['BTG', 'ETREAT'];
/** DICOM emergency override, started and stopped. */
const OVERRIDE = ['110127', '110138'];

export function classesOf(content: AuditContent, frameworks: readonly Framework[]): FailClosedClass[] {
  const { purpose = [], subtype = [], agents, entities, type } = content;
  const reasons = [...purpose, ...agents.flatMap((agent) => agent.purpose ?? [])];
  const isBreakGlass =
    reasons.some(({ code }) => EMERGENCY.includes(code)) ||
    subtype.some(({ code }) => OVERRIDE.includes(code));
  const isPart2 =
    frameworks.includes('42CFRPart2') ||
    entities.some(({ securityLabels = [] }) => securityLabels.includes('42CFRPart2'));
  // DCM 110106 is an export; FHIR's bulk export begins as the operation $export.
  const isBulkExport = type.code === '110106' || entities.some(({ what }) => what.endsWith('$export'));
  return [
    ...(isBreakGlass ? (['break-glass'] as const) : []),
    ...(isPart2 ? (['42CFRPart2'] as const) : []),
    ...(isBulkExport ? (['bulk-export'] as const) : []),
  ];
}

/** Data leaves for somebody else: ISO 21089 `disclose`, as IHE BALP marks it. */
export const isDisclosure = ({ subtype = [], disclosure }: AuditContent): boolean =>
  disclosure !== undefined || subtype.some(({ code }) => code === 'disclose');
