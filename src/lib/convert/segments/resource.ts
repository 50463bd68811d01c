import type { AppointmentParticipant, CodeableConcept, Reference } from 'fhir/r4';
import { participationStatus } from '../codemaps/appointments';
import { codeableConcept } from '../datatypes/cwe';
import { dateTime } from '../datatypes/dtm';
import { declare, type DeclaredFields } from '../declared';
import type { SegmentReader } from '../reader';
import type { Scope } from '../scope';
import { set } from '../set';
import { after, minutes, unknownStatus, type Booking } from './sch';

/** What AIS, AIG, AIL and AIP share: number 1 and 2 mean the same in all. */
export const resourceKept = {
  1: 'Set id: order of segments in the message.',
  2: 'Action code: how a receiver should apply the segment.',
};

/** A resource that the sender takes off the appointment. */
export function isWithdrawn(reader: SegmentReader): boolean {
  const action = reader.first(2, 'action');
  action?.keep(resourceKept[2]);
  if (action?.code(1)?.toUpperCase() !== 'D') return false;
  reader.keepAll('The sender takes this resource off the appointment.');
  return true;
}

/** The fields of a booked resource have the same order in every segment; only where they begin differs. */
export interface Layout {
  readonly type: number;
  readonly start: number;
  readonly duration: number;
  readonly status: number;
  readonly rows: DeclaredFields;
}

/** AIG, AIL and AIP: a participant of the appointment. */
export function addParticipant(
  reader: SegmentReader,
  actor: Reference | undefined,
  layout: Layout,
  scope: Scope,
  { appointment }: Booking,
): void {
  reader.entry = `urn:uuid:${appointment.id}`;
  const type: CodeableConcept | undefined = codeableConcept(
    reader.first(layout.type, 'Appointment.participant.type'),
  );
  if (actor === undefined && type === undefined) {
    reader.keepAll('R4 app-1: a participant needs a type or an actor.');
    return;
  }
  const participant = {} as AppointmentParticipant;
  if (type !== undefined) participant.type = [type];
  set(participant, 'actor', actor);
  const code = reader.first(layout.status, 'Appointment.participant.status');
  for (const component of [2, 3]) code?.code(component);
  const status = participationStatus(code?.code(1)?.toLowerCase());
  if (status !== undefined) participant.status = status;
  else {
    Object.assign(participant, unknownStatus);
    code?.keep('The code says nothing that R4 has a participation status for (HL7 table 0278).');
  }
  const start = dateTime(reader.first(layout.start, 'Appointment.participant.period'));
  const length = minutes(reader, layout.duration, layout.duration + 1, 'Appointment.participant.period');
  if (start !== undefined) {
    participant.period =
      length !== undefined && start.includes('T') ? { start, end: after(start, length) } : { start };
  } else if (length !== undefined) {
    for (const n of [layout.duration, layout.duration + 1])
      reader
        .first(n, 'Appointment.participant.period')
        ?.keep('A length without a start; SCH has the length.');
  }
  declare(participant, 'Appointment.participant', reader, layout.rows, scope);
  appointment.participant.push(participant);
}
