import type { Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import type { FieldReader } from '../reader';
import type { Scope } from '../scope';
import { addParticipant, isWithdrawn, resourceKept, type Layout } from './resource';
import type { Booking } from './sch';

const layout: Layout = {
  type: 4,
  start: 8,
  duration: 11,
  status: 14,
  rows: {
    5: ['resource-group', 'CodeableConcept'],
    6: ['resource-quantity', 'decimal'],
    7: ['resource-quantity-units', 'CodeableConcept'],
    9: ['start-offset', 'decimal'],
    10: ['start-offset-units', 'CodeableConcept'],
    13: ['substitution', 'CodeableConcept', '0279'],
  },
};

/** AIG: equipment, or anything else that is neither a place nor a person. What it is v2 does not say. */
export function mapAig(segment: Hl7Segment, scope: Scope, booking: Booking): void {
  const aig = scope.open(segment, resourceKept);
  if (isWithdrawn(aig)) return;
  addParticipant(aig, thing(aig.first(3, 'Appointment.participant.actor')), layout, scope, booking);
}

function thing(field: FieldReader | undefined): Reference | undefined {
  const concept = codeableConcept(field);
  const [coding] = concept?.coding ?? [];
  const display = concept?.text ?? coding?.display;
  if (field === undefined || concept === undefined) return undefined;
  if (coding?.code === undefined) return display === undefined ? undefined : { display };
  const identifier = { system: coding.system ?? field.sender.system, value: coding.code };
  return display === undefined ? { identifier } : { identifier, display };
}
