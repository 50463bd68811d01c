import type { Address, Coding, HumanName, Patient } from 'fhir/r4';
import { codings, table, terminology } from './table';

/** HL7 table 0001 to administrative-gender (guide: AdministrativeSex). `N` (not applicable) is `other` there. */
export const administrativeSex = table<NonNullable<Patient['gender']>>({
  F: 'female',
  M: 'male',
  O: 'other',
  U: 'unknown',
  A: 'other',
  N: 'other',
});

/**
 * HL7 table 0002 to v3-MaritalStatus (guide: MaritalStatus). Erratum: `A` is "separated", which is not "legally
 * separated"; it keeps its v2 code, as does `G`, "living together", which is no registered partnership. Of the null
 * flavours only `UNK` is in R4's value set.
 */
const married = codings(`${terminology}/v3-MaritalStatus`, {
  D: ['D', 'Divorced'],
  M: ['M', 'Married'],
  S: ['S', 'Never Married'],
  W: ['W', 'Widowed'],
  C: ['C', 'Common Law'],
  P: ['T', 'Domestic partner'],
  R: ['T', 'Domestic partner'],
  E: ['L', 'Legally Separated'],
  N: ['A', 'Annulled'],
  I: ['I', 'Interlocutory'],
  B: ['U', 'unmarried'],
});
const nullFlavor = codings(`${terminology}/v3-NullFlavor`, { U: ['UNK', 'unknown'] });
export const maritalStatus = (code: string | undefined): Coding | undefined =>
  married(code) ?? nullFlavor(code);

/** HL7 table 0200 to name-use (guide: NameType). Birth name (`B`) and `NOUSE` added: R4 `maiden` and `old` say this. */
export const nameUse = table<NonNullable<HumanName['use']>>({
  BAD: 'old',
  NOUSE: 'old',
  B: 'maiden',
  D: 'usual',
  L: 'official',
  R: 'official',
  M: 'maiden',
  MSK: 'anonymous',
  N: 'nickname',
  NAV: 'temp',
  TEMP: 'temp',
  S: 'anonymous',
});

/** HL7 table 0190 (guide: AddressType[Use] and [Type]). */
export const addressUse = table<NonNullable<Address['use']>>({
  BA: 'old',
  BI: 'billing',
  C: 'temp',
  B: 'work',
  H: 'home',
  O: 'work',
});
export const addressType = table<NonNullable<Address['type']>>({ M: 'postal', SH: 'postal' });

const cdcRace = 'urn:oid:2.16.840.1.113883.6.238';

/** The five OMB race categories; every other CDC code is a detailed race (US Core). */
export const ombRace = table<string>({
  '1002-5': 'American Indian or Alaska Native',
  '2028-9': 'Asian',
  '2054-5': 'Black or African American',
  '2076-8': 'Native Hawaiian or Other Pacific Islander',
  '2106-3': 'White',
});
export const ombEthnicity = table<string>({
  '2135-2': 'Hispanic or Latino',
  '2186-5': 'Not Hispanic or Latino',
});
/** HL7 table 0189 to the CDC codes. `U` (unknown) has none. */
export const ethnicGroup = codings(cdcRace, {
  H: ['2135-2', 'Hispanic or Latino'],
  N: ['2186-5', 'Not Hispanic or Latino'],
});
export { cdcRace };

/** HL7 table 0063 (guide: Relationship): v3-RoleCode where it has the meaning, else the v2 code. */
const roles = codings(`${terminology}/v3-RoleCode`, {
  SEL: ['ONESELF', 'self'],
  SPO: ['SPS', 'spouse'],
  DOM: ['SIGOTHR', 'significant other'],
  CHD: ['CHILD', 'child'],
  GCH: ['GRNDCHILD', 'grandchild'],
  NCH: ['NCHILD', 'natural child'],
  SCH: ['STPCHLD', 'step child'],
  FCH: ['CHLDFOST', 'foster child'],
  PAR: ['PRN', 'parent'],
  MTH: ['MTH', 'mother'],
  FTH: ['FTH', 'father'],
  GRP: ['GRPRN', 'grandparent'],
  EXF: ['EXT', 'extended family member'],
  SIB: ['SIB', 'sibling'],
  BRO: ['BRO', 'brother'],
  SIS: ['SIS', 'sister'],
  FND: ['FRND', 'unrelated friend'],
});
const contactRoles = codings(`${terminology}/v2-0131`, {
  EMR: ['E', 'Employer'],
  EMC: ['C', 'Emergency Contact'],
  UNK: ['U', 'Unknown'],
  OTH: ['O', 'Other'],
});
export const relationship = (code: string | undefined): ReturnType<typeof roles> =>
  roles(code) ?? contactRoles(code);

/** ISO 639-1 codes that a PID-15 may hold, and the ISO 639-2 codes of the most frequent ones, as BCP 47 tags. */
const iso639 =
  'aa ab af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu';
const iso639Part2: Readonly<Record<string, string>> = {
  ara: 'ar', chi: 'zh', zho: 'zh', dut: 'nl', nld: 'nl', eng: 'en', fre: 'fr', fra: 'fr', ger: 'de', deu: 'de',
  gre: 'el', ell: 'el', heb: 'he', hin: 'hi', hun: 'hu', ita: 'it', jpn: 'ja', kor: 'ko', per: 'fa', fas: 'fa',
  pol: 'pl', por: 'pt', rus: 'ru', spa: 'es', swe: 'sv', tgl: 'tl', tur: 'tr', ukr: 'uk', urd: 'ur', vie: 'vi',
}; // prettier-ignore
export const languageTag = table<string>({
  ...Object.fromEntries(iso639.split(' ').map((tag) => [tag, tag])),
  ...iso639Part2,
});

/** HL7 table 0465 (name representation) in the codes of ISO 21090, as R4's extension has them. */
export const nameRepresentation = table<string>({ A: 'ABC', I: 'IDE', P: 'SYL' });

/** HL7 table 0444, whose codes R4's extension takes as they are. */
export const nameAssemblyOrder = table<string>({ F: 'F', G: 'G' });
