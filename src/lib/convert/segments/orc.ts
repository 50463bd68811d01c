import type { Identifier, Reference, ServiceRequest } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { orderControl, orderStatus } from '../codemaps/results';
import { dateTime } from '../datatypes/dtm';
import { entityIdentifier } from '../datatypes/ei';
import { address } from '../datatypes/xad';
import { practitioner } from '../datatypes/xcn';
import { organization } from '../datatypes/xon';
import { contactPoint } from '../datatypes/xtn';
import type { Scope } from '../scope';
import { each } from '../set';

/** What ORC says about the order that a result answers. */
export interface CommonOrder {
  readonly placer: Identifier | undefined;
  readonly filler: Identifier | undefined;
  readonly requisition: Identifier | undefined;
  readonly status: ServiceRequest['status'] | undefined;
  readonly authoredOn: string | undefined;
  readonly requester: Reference | undefined;
}

/** ORC. Its facility (ORC-21) is kept as an Organization; the requester is the clinician, else that facility. */
export function readOrc(segment: Hl7Segment, scope: Scope): CommonOrder {
  const orc = scope.open(segment);
  const control = orc.code(1, 'ServiceRequest.status')?.toUpperCase();
  const status = orderStatus(orc.code(5, 'ServiceRequest.status')?.toUpperCase()) ?? orderControl(control);
  const requester = practitioner(orc.first(12, 'ServiceRequest.requester'), scope);
  const facility = organization(orc.first(21, 'Organization'), scope, {
    address: each(orc.all(22, 'Organization.address'), address),
    telecom: each(orc.all(23, 'Organization.telecom'), (field) => contactPoint(field, 'work')),
  });
  const placed = orc.first(9, 'ServiceRequest.authoredOn');
  const authoredOn = control === 'NW' ? dateTime(placed) : undefined;
  if (control !== 'NW') placed?.keep('ORC-9 is the time of the event that ORC-1 names, not of the order.');
  return {
    placer: entityIdentifier(orc.first(2, 'ServiceRequest.identifier'), 'PLAC'),
    filler: entityIdentifier(orc.first(3, 'ServiceRequest.identifier'), 'FILL'),
    requisition: entityIdentifier(orc.first(4, 'ServiceRequest.requisition'), 'PGN'),
    status,
    authoredOn,
    requester: requester ?? facility,
  };
}
