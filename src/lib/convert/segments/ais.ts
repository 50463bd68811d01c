import type { Appointment } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { appointmentStatus } from '../codemaps/appointments';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { declare, type DeclaredFields } from '../declared';
import type { Scope } from '../scope';
import { after, minutes, type Booking } from './sch';
import { isWithdrawn, resourceKept } from './resource';

const rows: DeclaredFields = {
  5: ['start-offset', 'decimal'],
  6: ['start-offset-units', 'CodeableConcept'],
  9: ['substitution', 'CodeableConcept', '0279'],
  11: ['placer-supplemental-service', 'CodeableConcept', '0411'],
  12: ['filler-supplemental-service', 'CodeableConcept', '0411'],
};

/** AIS: what is done at the appointment; its time is the appointment's where SCH has none. Returns when it starts. */
export function mapAis(segment: Hl7Segment, scope: Scope, { appointment }: Booking): string | undefined {
  const ais = scope.open(segment, resourceKept);
  if (isWithdrawn(ais)) return undefined;
  ais.entry = `urn:uuid:${appointment.id}`;
  const service = codeableConcept(ais.first(3, 'Appointment.serviceType'));
  if (service !== undefined) {
    const services = (appointment.serviceType ??= []);
    services.push(service);
    // A set id that counts the services from 1 is their place in the list.
    if (segment.get(1)?.trim() === String(services.length)) ais.code(1, 'Appointment.serviceType');
  }
  const start = dateTime(ais.first(4, 'Appointment.start'));
  const length = minutes(ais, 7, 8, 'Appointment.minutesDuration');
  if (length !== undefined && Number.isInteger(length) && length > 0) appointment.minutesDuration ??= length;
  if (start?.includes('T') && length !== undefined && appointment.start === undefined)
    appointment.end ??= after(start, length);
  setStatus(appointment, ais.first(10, 'Appointment.status'));
  declare(appointment, 'Appointment', ais, rows, scope);
  return start;
}

/** AIS-10 speaks of one service; it counts for the appointment where nothing else does. */
function setStatus(appointment: Appointment, field: ReturnType<ReturnType<Scope['open']>['first']>): void {
  const code = field?.code(1);
  const status = appointmentStatus(code?.toLowerCase());
  if (field === undefined || code === undefined) return;
  const current: Appointment['status'] | undefined = appointment.status;
  if (status === undefined) field.keep('AIS-10 says nothing that R4 has a status for (HL7 table 0278).');
  else if (current === undefined) {
    appointment.status = status;
    Reflect.deleteProperty(appointment, '_status');
  } else if (current !== status)
    field.keep('The status of the whole appointment is said by SCH-25 or the event.');
}
