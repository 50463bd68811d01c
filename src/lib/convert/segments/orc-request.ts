import type { Reference, ServiceRequest } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { requestStatus } from '../codemaps/orders';
import type { Group } from '../messages/grammar';
import { identifierKey } from '../keys';
import type { Identified, Scope } from '../scope';
import { list, set } from '../set';
import { mapNotes } from './nte';
import { addOrderEvent, readOrc } from './orc';
import type { PatientSubject } from './pid';
import type { Visit } from './pv1';

/** ORC alone, as in a cancellation that only names the order: what is asked for is known to who has that number. */
export function mapBareOrder(
  segment: Hl7Segment,
  group: Group,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference {
  const orc = readOrc(segment, scope, 'ServiceRequest');
  const number = orc.placer ?? orc.filler;
  const key =
    number === undefined
      ? ['message', scope.messageKey, String(segment.occurrence)]
      : [number === orc.placer ? 'placer' : 'filler', ...identifierKey(number), '', ''];
  const request: Identified<ServiceRequest> = {
    resourceType: 'ServiceRequest',
    id: scope.nextId('ServiceRequest', subject.patient.id, ...key),
    status: requestStatus(orc) ?? 'unknown',
    intent: 'order',
    subject: subject.reference,
  };
  orc.reader.entry = `urn:uuid:${request.id}`;
  set(request, 'identifier', list([orc.placer, orc.filler, ...orc.otherIdentifiers]));
  set(request, 'requisition', orc.requisition);
  if (orc.parents.length > 0) request.basedOn = [...orc.parents];
  set(request, 'encounter', visit?.reference);
  set(request, 'authoredOn', orc.authoredOn);
  set(request, 'requester', orc.requester);
  set(request, 'note', mapNotes(group.all('NTE'), scope, 'ServiceRequest.note'));
  const reference = scope.add(request);
  addOrderEvent(orc, reference, scope);
  return reference;
}
