import { isIP } from 'node:net';
import type {
  AuditEvent,
  AuditEventAgent,
  AuditEventEntity,
  CodeableConcept,
  Coding as FhirCoding,
  Reference,
} from 'fhir/r4';
import { isResourceType } from '../../fhir';
import { dcm, entityType, rest, securityLabel, sourceType, systems } from '../codes';
import type { AuditDocument } from '../document';
import type { AuditEntity, Coding } from '../types';
import { balpProfileOf } from './balp';

/** Plaintext of sealed members by their path; what the reader may not see, or nobody can any more, is absent. */
export type Opened = Readonly<Record<string, string>>;

/**
 * A stored event as R4 AuditEvents; at least one. IHE BALP allows one patient and one datum in each, so that a search
 * that found three patients, stored once, is three resources; and an import that stored resources is the import and an
 * `update` for each patient. The first has the event's id, the others that id with `.1`, `.2`... Each claims the BALP
 * profile that it meets; a failure meets none.
 */
export function auditEventsOf(event: AuditDocument, opened: Opened = {}): AuditEvent[] {
  return viewsOf(event).map((view, n) => {
    const resource = auditEventOf(event, view, n === 0 ? event.id : `${event.id}.${n}`, opened);
    const profile = balpProfileOf(resource);
    return profile === undefined ? resource : { ...resource, meta: { ...resource.meta, profile: [profile] } };
  });
}

type View = Pick<AuditDocument, 'type' | 'subtype' | 'action' | 'entities'>;

function viewsOf(event: AuditDocument): View[] {
  const { type, subtype = [], entities } = event;
  if (type.code === rest.code && type.system === rest.system) return onePatientEach(event);
  const interactions = subtype.filter(({ system }) => system === systems.interaction);
  if (type.code !== dcm.import.code || interactions.length === 0) return [event];
  const others = subtype.filter((coding) => !interactions.includes(coding));
  return [
    { ...event, subtype: others, entities },
    ...onePatientEach({ type: rest, subtype: interactions, action: 'U', entities }),
  ];
}

const isPatient = ({ type }: AuditEntity): boolean =>
  type.system === systems.entityType && type.code === entityType.person.code;

function onePatientEach(view: View): View[] {
  const patients = view.entities.filter(isPatient);
  if (patients.length < 2) return [view];
  return patients.map((one) => ({
    ...view,
    entities: view.entities.filter((entity) => entity === one || !isPatient(entity)),
  }));
}

function auditEventOf(event: AuditDocument, view: View, id: string, opened: Opened): AuditEvent {
  const { outcomeCode, purpose = event.preset?.filled?.purpose, disclosure } = event;
  const purposes = [
    ...(purpose ?? []),
    ...(disclosure ? [{ system: systems.reason, code: disclosure.purpose }] : []),
  ];
  const entities = entitiesOf(event, view, opened);
  return {
    resourceType: 'AuditEvent',
    id,
    meta: { lastUpdated: event.receivedAt },
    type: codingOf(view.type),
    ...(view.subtype && view.subtype.length > 0 && { subtype: view.subtype.map(codingOf) }),
    action: view.action,
    // R4 maps it to DICOM's EventDateTime, and its search parameter `date` reads it.
    recorded: event.occurredAt,
    outcome: event.outcome,
    ...(outcomeCode !== undefined && { outcomeDesc: outcomeCode }),
    ...(purposes.length > 0 && { purposeOfEvent: purposes.map(conceptOf) }),
    agent: agentsOf(event, opened),
    source: {
      site: event.tenantId,
      observer: identified('agent', `medrelay/${event.source}`),
      type: [codingOf(sourceType.applicationServer)],
    },
    ...(entities.length > 0 && { entity: entities }),
  };
}

function agentsOf({ agents, disclosure }: AuditDocument, opened: Opened): AuditEventAgent[] {
  return agents.map(({ type, who, requestor, network, role, purpose }, n) => {
    const isRecipient = disclosure !== undefined && type?.code === dcm.destination.code;
    const name = opened[`agent.${n}.name`] ?? (isRecipient ? opened['disclosure.recipient.name'] : undefined);
    return {
      ...(type && { type: conceptOf(type) }),
      ...(role && { role: [conceptOf(role)] }),
      who: referenceOf('agent', who),
      ...(name !== undefined && { name }),
      requestor,
      ...(network !== undefined && { network: { address: network, type: networkType(network) } }),
      ...(purpose && { purposeOfUse: purpose.map(conceptOf) }),
    };
  });
}

/** http://hl7.org/fhir/network-type: 1 machine name, 2 IP address, 5 URI. */
function networkType(address: string): '1' | '2' | '5' {
  if (isIP(address) !== 0) return '2';
  return /^[a-z][a-z0-9+.-]*:/i.test(address) ? '5' : '1';
}

function entitiesOf(event: AuditDocument, { entities }: View, opened: Opened): AuditEventEntity[] {
  // Counts and codes of the product stand with the thing that they are about; a patient has none, a query may not.
  const counted = entities.find((entity) => !isPatient(entity) && !isQuery(event, entity));
  const stated = entities.map((entity): AuditEventEntity => {
    const { type, role, what, version, securityLabels, detail = [] } = entity;
    const details = [...detail, ...(entity === counted ? detailsOf(event) : [])].map((each) => ({
      type: each.type,
      valueString: each.value,
    }));
    return {
      ...(isQuery(event, entity)
        ? queryOf(event, entity, opened)
        : { what: referenceOf('entity', what, version) }),
      type: codingOf(type),
      ...(role && { role: codingOf(role) }),
      ...(securityLabels && { securityLabel: securityLabels.map(securityLabel).map(codingOf) }),
      ...(details.length > 0 && { detail: details }),
    };
  });
  return [...stated, ...contextOf(event)];
}

const sealedQuery = (event: AuditDocument, entity: AuditEntity): string =>
  `entity.${event.entities.indexOf(entity)}.query`;

const isQuery = (event: AuditDocument, entity: AuditEntity): boolean =>
  event.phi?.[sealedQuery(event, entity)] !== undefined;

/** FHIR keeps the place of what it must not show: http://hl7.org/fhir/R4/extension-data-absent-reason.html. */
const MASKED = {
  extension: [
    { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' as const },
  ],
};

function queryOf(
  event: AuditDocument,
  entity: AuditEntity,
  opened: Opened,
): Pick<AuditEventEntity, 'query' | '_query'> {
  const query = opened[sealedQuery(event, entity)];
  return query === undefined ? { _query: MASKED } : { query: Buffer.from(query, 'utf8').toString('base64') };
}

function detailsOf({ ext = {}, disclosure, workflow }: AuditDocument): { type: string; value: string }[] {
  return [
    ...Object.entries(ext).map(([type, value]) => ({ type, value: String(value) })),
    ...(disclosure ? [{ type: 'disclosure.basis', value: disclosure.basis }] : []),
    ...(disclosure?.method === undefined ? [] : [{ type: 'disclosure.method', value: disclosure.method }]),
    ...(workflow ? [{ type: 'workflow.id', value: workflow.id }] : []),
    ...(workflow?.step === undefined ? [] : [{ type: 'workflow.step', value: workflow.step }]),
  ];
}

/** BALP's slice `transaction`. Its profile of access decisions is closed: it allows no entity beside its own. */
function contextOf({ correlationId, subtype = [] }: AuditDocument): AuditEventEntity[] {
  if (correlationId === undefined || subtype.some(({ system }) => system === systems.balpDecision)) return [];
  return [{ what: { identifier: { value: correlationId } }, type: codingOf(entityType.request) }];
}

const LITERAL = /^(?<type>[A-Z][A-Za-z]{1,40})\/[A-Za-z0-9.-]{1,64}$/;

/** A resource by its reference, anything else by an identifier of ours. */
function referenceOf(kind: 'agent' | 'entity', what: string, version?: string): Reference {
  if (!isResourceType(LITERAL.exec(what)?.groups?.['type'] ?? '')) return identified(kind, what);
  return { reference: version === undefined ? what : `${what}/_history/${version}` };
}

const identified = (kind: 'agent' | 'entity', value: string): Reference => ({
  identifier: { system: `urn:medrelay:${kind}`, value },
});

const codingOf = ({ system, code, display }: Coding): FhirCoding => ({
  system,
  code,
  ...(display !== undefined && { display }),
});

const conceptOf = (coding: Coding): CodeableConcept => ({ coding: [codingOf(coding)] });
