import { codings, table, terminology } from './table';

/** HL7 table 0162 (RXR-1; guide: RouteOfAdministration): the routes that v3 has a code for; others stay as sent. */
export const route = codings(`${terminology}/v3-RouteOfAdministration`, {
  ID: ['IDINJ', 'Injection, intradermal'],
  IM: ['IM', 'Injection, intramuscular'],
  IV: ['IVINJ', 'Injection, intravenous'],
  PO: ['PO', 'Swallow, oral'],
  SC: ['SQ', 'Injection, subcutaneous'],
  TD: ['TRNSDERM', 'Transdermal'],
});

/** HL7 table 0165 (RXR-4; guide: AdministrationMethod). */
export const administrationMethod = codings('http://snomed.info/sct', {
  CH: ['419747000', 'Chew'],
  DI: ['421682005', 'Dissolve'],
  IS: ['421257003', 'Insert'],
  SH: ['420606003', 'Shampoo'],
  WA: ['422152000', 'Wash'],
});

/** HL7 table 0167 (RXD-11): whether what was dispensed is not what was ordered. */
export const wasSubstituted = table<boolean>({
  N: false,
  '0': false,
  '1': false,
  '2': false,
  G: true,
  T: true,
  '3': true,
  '4': true,
  '5': true,
  '8': true,
});
