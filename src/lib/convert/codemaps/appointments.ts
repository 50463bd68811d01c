import type { Appointment, AppointmentParticipant } from 'fhir/r4';
import { codings, table } from './table';

/**
 * HL7 table 0278 (guide: FillerStatusCodes[Appointment]), lower case. `Discontinued`, which the guide leaves out, ends
 * what was booked (ch. 10.4.5) and is R4's cancelled; `Blocked` and `Overbook` say nothing of an appointment's state.
 */
export const appointmentStatus = table<Appointment['status']>({
  pending: 'pending',
  waitlist: 'waitlist',
  booked: 'booked',
  started: 'checked-in',
  complete: 'fulfilled',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  discontinued: 'cancelled',
  deleted: 'entered-in-error',
  noshow: 'noshow',
});

/** Events that end an appointment, whatever SCH-25 still says (ch. 10.4). */
export const endingEvent = table<Appointment['status']>({
  S15: 'cancelled',
  S16: 'cancelled',
  S17: 'entered-in-error',
  S26: 'noshow',
});

/** Events that make or move one: booked, unless SCH-25 says otherwise. */
export const bookingEvent = table<Appointment['status']>({ S12: 'booked', S13: 'booked' });

/** HL7 table 0278 for one participant. */
export const participationStatus = table<AppointmentParticipant['status']>({
  pending: 'needs-action',
  waitlist: 'needs-action',
  booked: 'accepted',
  started: 'accepted',
  complete: 'accepted',
  cancelled: 'declined',
  canceled: 'declined',
  discontinued: 'declined',
  deleted: 'declined',
});

/**
 * HL7 table 0276 (SCH-7; guide: AppointmentReasonCodes). Erratum: the guide's other targets say something else
 * ("no follow-up planned" for a routine appointment); those codes stay as sent.
 */
export const appointmentReason = codings('http://snomed.info/sct', {
  FOLLOWUP: ['185389009', 'Follow-up visit'],
});

/** Minutes of the units that schedules use: UCUM, ISO+ and their words, lower case. */
export const minutesIn = table<number>({
  s: 1 / 60, sec: 1 / 60, seconds: 1 / 60,
  m: 1, mn: 1, min: 1, mins: 1, minute: 1, minutes: 1,
  h: 60, hr: 60, hrs: 60, hour: 60, hours: 60,
  d: 1440, day: 1440, days: 1440,
}); // prettier-ignore
