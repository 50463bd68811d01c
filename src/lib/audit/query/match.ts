import type { AuditEvent, Coding, Reference } from 'fhir/r4';
import { entityType } from '../codes';
import type { AuditDocument } from '../document';
import { auditEventsOf } from '../fhir';
import type { Filter } from './query';

/** Which of a document's AuditEvents are asked for, by their place. What FHIR shows is what FHIR finds. */
export function matchesOf(document: AuditDocument, filter: Filter): number[] {
  return viewsOf(document).flatMap((event, n) => (matches(event, filter) ? [n] : []));
}

/** None of what somebody put into the store and has not even the form: it must not hide the others. Verification names it. */
function viewsOf(document: AuditDocument): AuditEvent[] {
  try {
    return auditEventsOf(document);
  } catch (error) {
    if (error instanceof TypeError) return [];
    throw error;
  }
}

function matches(
  event: AuditEvent,
  { patient, agent, entity, action, type, subtype, outcome }: Filter,
): boolean {
  const { entity: entities = [] } = event;
  const isOne = (wanted: readonly string[] | undefined, values: readonly (string | undefined)[]): boolean =>
    wanted === undefined || values.some((value) => value !== undefined && wanted.includes(value));
  return (
    isOne(action, [event.action]) &&
    isOne(outcome, [event.outcome]) &&
    isCoded(type, [event.type]) &&
    isCoded(subtype, event.subtype ?? []) &&
    isOne(
      agent,
      event.agent.map(({ who }) => nameOf(who)),
    ) &&
    isOne(
      entity,
      entities.map(({ what }) => nameOf(what)),
    ) &&
    isOne(
      patient,
      entities.filter((each) => each.type?.code === entityType.person.code).map(({ what }) => nameOf(what)),
    )
  );
}

/** `code` or `system|code`. */
const isCoded = (wanted: readonly string[] | undefined, codings: readonly Coding[]): boolean =>
  wanted === undefined ||
  codings.some(({ system = '', code = '' }) => wanted.includes(code) || wanted.includes(`${system}|${code}`));

const nameOf = (reference: Reference | undefined): string | undefined =>
  reference?.reference?.replace(/\/_history\/.*$/, '') ?? reference?.identifier?.value;
