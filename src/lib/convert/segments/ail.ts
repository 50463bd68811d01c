import type { Hl7Segment } from '../../hl7';
import { location } from '../datatypes/pl';
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

/** AIL: where the appointment is. */
export function mapAil(segment: Hl7Segment, scope: Scope, booking: Booking): void {
  const ail = scope.open(segment, resourceKept);
  if (isWithdrawn(ail)) return;
  const [place, ...others] = ail.all(3, 'Appointment.participant.actor');
  for (const other of others) other.keep('One segment books one place.');
  addParticipant(ail, location(place, scope), layout, scope, booking);
}
