import type { AuditDocument } from '../document';

/** Every member that an auditor sees: 45 CFR 170.315(d)(3) asks to sort entries by each of the data. */
const keys = {
  date: ({ occurredAt }) => occurredAt,
  received: ({ receivedAt }) => receivedAt,
  type: ({ type }) => type.code,
  subtype: ({ subtype }) => subtype?.[0]?.code,
  action: ({ action }) => action,
  outcome: ({ outcome }) => outcome.padStart(2, '0'),
  'outcome-code': ({ outcomeCode }) => outcomeCode,
  purpose: ({ purpose, preset }) => (purpose ?? preset?.filled?.purpose)?.[0]?.code,
  agent: ({ agents }) => (agents.find(({ requestor }) => requestor) ?? agents[0])?.who,
  'agent-role': ({ agents }) => agents.find(({ role }) => role)?.role?.code,
  address: ({ agents }) => agents.find(({ network }) => network)?.network,
  patient: ({ entities }) => entities.find(({ what }) => what.startsWith('Patient/'))?.what,
  entity: ({ entities }) => entities[0]?.what,
  'entity-type': ({ entities }) => entities[0]?.type.code,
  'entity-role': ({ entities }) => entities[0]?.role?.code,
  label: ({ entities }) => entities.flatMap(({ securityLabels = [] }) => securityLabels)[0],
  classification: ({ classification, preset }) => classification ?? preset?.filled?.classification,
  source: ({ source }) => source,
  correlation: ({ correlationId }) => correlationId,
  workflow: ({ workflow }) => workflow?.id,
} as const satisfies Record<string, (event: AuditDocument) => string | undefined>;

export type SortField = keyof typeof keys;
export const SORTS = Object.keys(keys) as SortField[];

/** By code units, so that the order does not depend on a machine's locale; absent ones first. */
export function sortKey(event: AuditDocument, by: SortField): string {
  return keys[by](event) ?? '';
}
