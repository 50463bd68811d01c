import type { Hl7Segment } from '../../hl7';
import { practitioner } from '../datatypes/xcn';
import type { Scope } from '../scope';
import { addParticipant, isWithdrawn, resourceKept, type Layout } from './resource';
import type { Booking } from './sch';

const layout: Layout = {
  type: 4,
  start: 6,
  duration: 9,
  status: 12,
  rows: {
    5: ['resource-group', 'CodeableConcept'],
    7: ['start-offset', 'decimal'],
    8: ['start-offset-units', 'CodeableConcept'],
    11: ['substitution', 'CodeableConcept', '0279'],
  },
};

/** AIP: who is there for the patient. */
export function mapAip(segment: Hl7Segment, scope: Scope, booking: Booking): void {
  const aip = scope.open(segment, resourceKept);
  if (isWithdrawn(aip)) return;
  const [person, ...others] = aip.all(3, 'Appointment.participant.actor');
  for (const other of others) other.keep('One segment books one person.');
  addParticipant(aip, practitioner(person, scope), layout, scope, booking);
}
