import type { Appointment, AppointmentParticipant, Identifier } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import {
  appointmentReason,
  appointmentStatus,
  bookingEvent,
  endingEvent,
  minutesIn,
} from '../codemaps/appointments';
import { terminology } from '../codemaps/table';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { entityIdentifier } from '../datatypes/ei';
import { parseDecimal } from '../datatypes/nm';
import { practitioner } from '../datatypes/xcn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason } from '../extensions';
import { identifierKey } from '../keys';
import type { FieldReader, SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { list, set } from '../set';

const rows: DeclaredFields = {
  3: ['occurrence-number', 'integer'],
  4: ['placer-group', 'EntityIdentifier'],
  5: ['schedule', 'CodeableConcept'],
  23: ['parent-placer-appointment', 'EntityIdentifier'],
  24: ['parent-filler-appointment', 'EntityIdentifier'],
};

/** Contact persons, and where they are reached. */
const contacts = [
  [
    12,
    'placer-contact',
    { 13: ['telecom', 'ContactPoint'], 14: ['address', 'Address'], 15: ['location', 'Location'] },
  ],
  [
    16,
    'filler-contact',
    { 17: ['telecom', 'ContactPoint'], 18: ['address', 'Address'], 19: ['location', 'Location'] },
  ],
  [20, 'enterer', { 21: ['telecom', 'ContactPoint'], 22: ['location', 'Location'] }],
] as const satisfies readonly (readonly [number, string, DeclaredFields])[];

/** An Appointment, and its length in minutes for an end that was not sent. */
export interface Booking {
  readonly appointment: Identified<Appointment>;
  readonly length: number | undefined;
}

/** SCH: the Appointment, known by the filler's number, else the placer's, else by its message. */
export function mapSch(segment: Hl7Segment, timing: readonly Hl7Segment[], scope: Scope): Booking {
  const sch = scope.open(segment);
  const placer = entityIdentifier(sch.first(1, 'Appointment.identifier'), 'PLAC');
  const filler = entityIdentifier(sch.first(2, 'Appointment.identifier'), 'FILL');
  const number = filler ?? placer;
  const key = number === undefined ? ['message', scope.messageKey] : identifierKey(number);
  const appointment = {
    resourceType: 'Appointment',
    id: scope.id('Appointment', number === undefined || number === filler ? 'filler' : 'placer', ...key),
  } as Identified<Appointment>;
  sch.entry = `urn:uuid:${appointment.id}`;
  set(appointment, 'identifier', list([placer, filler]));
  setStatus(appointment, sch, scope);
  const isCancelled = appointment.status === 'cancelled' || appointment.status === 'noshow';
  const why = codeableConcept(sch.first(6, 'Appointment.cancelationReason'));
  if (isCancelled) set(appointment, 'cancelationReason', why);
  else declare(appointment, 'Appointment', sch, { 6: ['event-reason', 'CodeableConcept'] }, scope);
  const reason = codeableConcept(sch.first(7, 'Appointment.reasonCode'), {
    table: '0276',
    map: appointmentReason,
  });
  set(appointment, 'reasonCode', list([reason]));
  set(
    appointment,
    'appointmentType',
    codeableConcept(sch.first(8, 'Appointment.appointmentType'), { table: '0277' }),
  );
  appointment.participant = contacts.flatMap(([n, code, where]) => {
    const found = sch.all(n, 'Appointment.participant').flatMap((field) => contact(field, code, scope));
    const [first] = found;
    if (first !== undefined) declare(first, 'Appointment.participant', sch, where, scope);
    return found;
  });
  const orders: Identifier[] = [26, 27].flatMap((n) =>
    sch
      .all(n, 'Appointment.basedOn')
      .flatMap((field) => entityIdentifier(field, n === 26 ? 'PLAC' : 'FILL') ?? []),
  );
  if (orders.length > 0)
    appointment.basedOn = orders.map((identifier) => ({ type: 'ServiceRequest', identifier }));
  declare(appointment, 'Appointment', sch, rows, scope);
  const length = setTimes(appointment, sch, timing, scope);
  scope.add(appointment);
  return { appointment, length };
}

/** An event that ends the appointment, SCH-25, or the event that made it; else nobody says. */
function setStatus(appointment: Appointment, sch: SegmentReader, scope: Scope): void {
  const field = sch.first(25, 'Appointment.status');
  const sent = field?.code(1);
  for (const component of [2, 3]) field?.code(component);
  const mapped = appointmentStatus(sent?.toLowerCase());
  if (sent !== undefined && mapped === undefined)
    field?.refuse('CODE_UNMAPPED', 'SCH-25 says nothing that R4 has a status for (HL7 table 0278).');
  const status = endingEvent(scope.event) ?? mapped ?? bookingEvent(scope.event);
  if (status !== undefined) appointment.status = status;
  else {
    sch.report('info', 'STATUS_MISSING', 'SCH-25 is empty; the status of the appointment is unknown.');
    Object.assign(appointment, { _status: absentReason('unknown') });
  }
}

function contact(field: FieldReader, code: string, scope: Scope): AppointmentParticipant[] {
  const actor = practitioner(field, scope);
  if (actor === undefined) return [];
  const system =
    code === 'enterer' ? `${terminology}/provenance-participant-type` : `${terminology}/participant-type`;
  const type = code === 'enterer' ? [{ coding: [{ system, code }] }] : [{ text: code.replace('-', ' ') }];
  return [{ type, actor, ...unknownStatus } as AppointmentParticipant];
}

/** Required in R4; v2 gives it for booked resources only. */
export const unknownStatus = { _status: absentReason('unknown') };

/** Minutes of a duration field with its units field. */
export function minutes(
  reader: SegmentReader,
  duration: number,
  units: number,
  target: string,
): number | undefined {
  const field = reader.first(duration, target);
  const count = parseDecimal(field?.code(1) ?? '')?.value;
  const unitField = reader.first(units, target);
  const [code, text] = [unitField?.code(1), unitField?.code(2)];
  unitField?.code(3);
  const size = minutesIn(code?.toLowerCase()) ?? minutesIn(text?.toLowerCase());
  if (field === undefined || count === undefined || count <= 0 || size === undefined) {
    field?.keep('A duration needs a number and units of time.');
    unitField?.keep('A duration needs a number and units of time.');
    return undefined;
  }
  return count * size;
}

/** The end of something that begins at an instant; keeps the offset that the start was sent with. */
export function after(start: string, minutesLater: number): string {
  const offset = /(?:Z|[+-]\d\d:\d\d)$/.exec(start)?.[0] ?? 'Z';
  const shift =
    offset === 'Z' ? 0 : Number(offset.slice(0, 3)) * 60 + Number(`${offset.charAt(0)}${offset.slice(4)}`);
  const local = new Date(Date.parse(start) + (minutesLater + shift) * 60_000);
  return `${local.toISOString().slice(0, 19)}${offset}`;
}

/** TQ1-7 and 8, or SCH-11 before v2.5; the end is else the start and the duration (SCH-9, 10). */
function setTimes(
  appointment: Appointment,
  sch: SegmentReader,
  timing: readonly Hl7Segment[],
  scope: Scope,
): number | undefined {
  const quantity = sch.first(11, 'Appointment.start');
  const tq1 = timing.map((segment) => scope.open(segment, timingKept));
  const starts = [...tq1.map((tq) => dateTime(tq.first(7, 'Appointment.start'))), dateTime(quantity, 4)];
  const ends = [...tq1.map((tq) => dateTime(tq.first(8, 'Appointment.end'))), dateTime(quantity, 5)];
  const duration = minutes(sch, 9, 10, 'Appointment.minutesDuration');
  if (duration !== undefined && Number.isInteger(duration)) appointment.minutesDuration = duration;
  const [start] = list(starts) ?? [];
  const [end] = list(ends) ?? [];
  if (start?.includes('T')) appointment.start = start;
  else if (start !== undefined) appointment.requestedPeriod = [{ start }];
  if (end?.includes('T')) appointment.end = end;
  return duration;
}

const timingKept = Object.fromEntries(
  [1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14].map((n) => [n, 'R4 appointments have a start and an end only.']),
);

/**
 * R4 app-2 and app-3: both ends or neither, and neither only of what is proposed, cancelled or waiting. What the
 * message leaves out says so.
 */
export function completeTimes({ appointment, length }: Booking, serviceStart: string | undefined): void {
  if (appointment.start === undefined && serviceStart?.includes('T')) appointment.start = serviceStart;
  const { start } = appointment;
  if (start !== undefined && appointment.end === undefined && length !== undefined)
    appointment.end = after(start, length);
  if (start !== undefined && appointment.end !== undefined && Date.parse(appointment.end) < Date.parse(start))
    delete appointment.end;
  const mayLack = ['proposed', 'cancelled', 'waitlist'].includes(appointment.status);
  if (start === undefined && appointment.end === undefined && mayLack) return;
  if (start === undefined) Object.assign(appointment, { _start: absentReason('unknown') });
  if (appointment.end === undefined) Object.assign(appointment, { _end: absentReason('unknown') });
}
