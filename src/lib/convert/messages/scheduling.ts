import type { AppointmentParticipant, Reference } from 'fhir/r4';
import { absentReason } from '../extensions';
import { Rejection } from '../types';
import type { Scope } from '../scope';
import { mapAig } from '../segments/aig';
import { mapAil } from '../segments/ail';
import { mapAip } from '../segments/aip';
import { mapAis } from '../segments/ais';
import { mapNotes } from '../segments/nte';
import { completeTimes, mapSch, unknownStatus } from '../segments/sch';
import { mapFindings } from './findings';
import type { Group } from './grammar';
import type { Converter, Events } from './registry';
import { SIU_S12 } from './structures-scheduling';
import { mapPatient, mapVisit } from './visit';

/** SIU_S12: one appointment, for one patient, several, or none. */
function convertAppointment(root: Group, scope: Scope): Reference[] {
  const sch = root.first('SCH');
  if (sch === undefined) throw new Rejection('SEGMENT_MISSING', 'SCH[1]');
  const booking = mapSch(sch, root.all('TQ1'), scope);
  const { appointment } = booking;
  for (const group of root.allGroups('PATIENT')) {
    const subject = mapPatient(group, scope);
    const visit = mapVisit(group, scope, subject);
    mapFindings(group, scope, subject, visit);
    appointment.participant.unshift({ actor: subject.reference, ...unknownStatus } as AppointmentParticipant);
  }
  const notes = root.all('NTE');
  const starts: (string | undefined)[] = [];
  for (const resources of root.allGroups('RESOURCES')) {
    for (const rgs of resources.all('RGS')) scope.open(rgs).keepAll('Groups resources of one message.');
    for (const group of resources.groups) {
      for (const ais of group.all('AIS')) starts.push(mapAis(ais, scope, booking));
      for (const aig of group.all('AIG')) mapAig(aig, scope, booking);
      for (const ail of group.all('AIL')) mapAil(ail, scope, booking);
      for (const aip of group.all('AIP')) mapAip(aip, scope, booking);
      notes.push(...group.all('NTE'));
    }
  }
  const comments = mapNotes(notes, scope, 'Appointment.comment');
  if (comments !== undefined) appointment.comment = comments.map(({ text }) => text).join('\n');
  completeTimes(
    booking,
    starts.find((start) => start !== undefined),
  );
  if (appointment.participant.length === 0) {
    // R4 wants a participant, and v2 can block a time for nobody.
    appointment.participant.push({
      type: [absentReason('unknown')],
      ...unknownStatus,
    } as AppointmentParticipant);
  }
  return [scope.reference(appointment.id)];
}

const appointment: Converter = { structure: SIU_S12, convert: convertAppointment };
const events = 'S12 S13 S14 S15 S16 S17 S18 S19 S20 S21 S22 S23 S24 S26';

export const scheduling: Events = Object.fromEntries(events.split(' ').map((event) => [event, appointment]));
