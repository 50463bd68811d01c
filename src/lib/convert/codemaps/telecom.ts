import type { ContactPoint } from 'fhir/r4';
import { table } from './table';

/** HL7 table 0201 (guide: TelecommunicationUseCode). `PRS` is personal; `mobile` is what the guide makes of it. */
export const telecomUse = table<NonNullable<ContactPoint['use']>>({
  PRN: 'home',
  WPN: 'work',
  PRS: 'mobile',
});

/** HL7 table 0202 (guide: TelecommunicationEquipmentType). `CP` is a phone whose use is mobile. */
export const telecomSystem = table<NonNullable<ContactPoint['system']>>({
  PH: 'phone',
  CP: 'phone',
  FX: 'fax',
  MD: 'other',
  SAT: 'other',
  BP: 'pager',
  INTERNET: 'email',
  'X.400': 'email',
  TDD: 'other',
  TTY: 'other',
});
