import type { CodeableConcept, ProvenanceAgent, ProvenanceEntity } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { terminology } from '../codemaps/table';
import { instant } from '../datatypes/dtm';
import { organization } from '../datatypes/xon';
import { declare, type DeclaredFields } from '../declared';
import { joinKey, localSystem } from '../identity';
import type { Scope } from '../scope';

const protocol = 'Protocol: how the message was written and acknowledged.';
const kept = { 1: protocol, 2: protocol, 13: protocol, 14: protocol, 15: protocol, 16: protocol } as const;

/** What the message says of itself, beside its control id. */
const rows: DeclaredFields = {
  8: ['security', 'string'],
  11: ['processing-id', 'code'],
  12: ['version', 'string'],
  17: ['country', 'code'],
  18: ['character-set', 'code'],
  19: ['language', 'CodeableConcept'],
  20: ['character-set-handling', 'code'],
  21: ['message-profile', 'EntityIdentifier'],
  24: ['sending-network-address', 'string'],
  25: ['receiving-network-address', 'string'],
};

/** What MSH gives the Bundle. MessageHeader is not made: it belongs to Bundles of type message, ours is a transaction. */
export function readMsh(segment: Hl7Segment, scope: Scope): { timestamp: string | undefined } {
  const msh = scope.open(segment, kept);
  msh.first(3, 'Provenance.agent.who')?.code(1);
  msh.first(4, 'Provenance.agent.who')?.code(1);
  const event = msh.first(9, 'Provenance.activity');
  for (const component of [1, 2, 3]) event?.code(component);
  msh.code(10, 'Bundle.identifier');
  return { timestamp: instant(msh.first(7, 'Bundle.timestamp')) };
}

/** The message as the source of what was made from it. */
export function sourceMessage(scope: Scope): ProvenanceEntity {
  const msh = scope.open(scope.message.msh, kept);
  const entity: ProvenanceEntity = {
    role: 'source',
    what: { identifier: { system: scope.sender.system, value: scope.header.controlId } },
  };
  declare(entity, 'Provenance.entity', msh, rows, scope);
  return entity;
}

/** Whom the message is addressed to, and who answers for both ends of it. */
export function parties(scope: Scope): ProvenanceAgent[] {
  const msh = scope.open(scope.message.msh, kept);
  const application = msh.first(5, 'Provenance.agent.who');
  const facility = msh.first(6, 'Provenance.agent.who');
  const names = [application, facility].map((field) => field?.code(1) ?? field?.code(2) ?? '');
  for (const field of [application, facility]) for (const part of [2, 3]) field?.code(part);
  const agents: ProvenanceAgent[] = [];
  if (names.some((name) => name !== '')) {
    const system = localSystem(scope.context.tenantId);
    agents.push({ type: recipient, who: { identifier: { system, value: joinKey(...names) } } });
  }
  const author = organization(msh.first(22, 'Provenance.agent.who'), scope);
  if (author !== undefined) agents.push({ type: responsible, who: author });
  const reader = organization(msh.first(23, 'Provenance.agent.who'), scope);
  if (reader !== undefined) agents.push({ type: recipient, who: reader });
  return agents;
}

const participation = (code: string, display: string): CodeableConcept => ({
  coding: [{ system: `${terminology}/v3-ParticipationType`, code, display }],
});
const recipient = participation('IRCP', 'information recipient');
const responsible = participation('RESP', 'responsible party');
