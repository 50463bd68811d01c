import type { Account, Address, Extension, HumanName, Identifier, Patient, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import {
  administrativeSex,
  cdcRace,
  ethnicGroup,
  languageTag,
  maritalStatus,
  ombEthnicity,
  ombRace,
} from '../codemaps/patient';
import { religion as religions } from '../codemaps/religion';
import { codeableConcept } from '../datatypes/cwe';
import { identifier, identifierType } from '../datatypes/cx';
import { date, dateOnly, dateTime, dateTimeOf, readDtm } from '../datatypes/dtm';
import { yesNo } from '../datatypes/id';
import { parsePositiveInt } from '../datatypes/nm';
import { address } from '../datatypes/xad';
import { humanName, nameText } from '../datatypes/xpn';
import { contactPoint } from '../datatypes/xtn';
import { declare, type DeclaredFields } from '../declared';
import { absentReason, conceptExtension, extend, stringExtension } from '../extensions';
import type { FieldReader, SegmentReader } from '../reader';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { Rejection } from '../types';

export interface PatientSubject {
  readonly patient: Identified<Patient>;
  readonly reference: Reference;
  /** PID-3.5 of the identifier by which the patient is known. */
  readonly keyType: string | undefined;
  /** Identifier of PID-18 when the sender gave one; it may stand for the visit. */
  readonly account?: Identifier;
}

const kept = { 1: 'Set id: order of segments in the message.' };

const rows: DeclaredFields = {
  21: ['mothers-identifier', 'Identifier'],
  27: ['veterans-military-status', 'CodeableConcept', '0172'],
  31: ['identity-unknown', 'boolean'],
  32: ['identity-reliability', 'CodeableConcept', '0445'],
  33: ['last-update', 'dateTime'],
  34: ['last-update-facility', 'string'],
  37: ['strain', 'string'],
  38: ['production-class', 'CodeableConcept', '0429'],
};

/** PID: the Patient, and an Account for PID-18. */
export function mapPid(segment: Hl7Segment, scope: Scope): PatientSubject {
  const pid = scope.open(segment, kept);
  const identifiers = readIdentifiers(pid);
  const chosen = chooseIdentifier(identifiers, scope);
  if (chosen === undefined) throw new Rejection('NO_PATIENT_ID', `PID[${segment.occurrence}]-3`);
  const { identifier: key, type: keyType } = chosen;
  const patient: Identified<Patient> = {
    resourceType: 'Patient',
    id: scope.id('Patient', key.system ?? '', key.value ?? ''),
  };
  pid.entry = `urn:uuid:${patient.id}`;
  // A laboratory knows the patient from the order; registration is who says what is true of the patient.
  if (scope.header.messageCode !== 'ADT') scope.mentions.add(pid.entry);
  const extension = extensions(pid);
  if (extension.length > 0) patient.extension = extension;
  declare(patient, 'Patient', pid, rows, scope);
  patient.identifier = distinct([...identifiers.map((own) => own.identifier), ...otherIdentifiers(pid)]);
  set(patient, 'name', names(pid));
  set(
    patient,
    'telecom',
    list([
      ...pid.all(13, 'Patient.telecom').map((field) => contactPoint(field, 'home')),
      ...pid.all(14, 'Patient.telecom').map((field) => contactPoint(field, 'work')),
      ...pid.all(40, 'Patient.telecom').map((field) => contactPoint(field)),
    ]),
  );
  set(patient, 'gender', gender(pid));
  setBirth(patient, pid);
  setDeath(patient, pid);
  set(patient, 'address', addresses(pid));
  set(
    patient,
    'maritalStatus',
    codeableConcept(pid.first(16, 'Patient.maritalStatus'), { table: '0002', map: maritalStatus }),
  );
  setMultipleBirth(patient, pid);
  set(patient, 'communication', each(pid.all(15, 'Patient.communication'), language));
  const reference = scope.add(patient);
  // The same patient again (each group of a merge repeats the survivor) is the one that is there.
  const subject = scope.resources.get(patient.id) as Identified<Patient>;
  const account = mapAccount(pid, scope, reference);
  return { patient: subject, reference, keyType, ...(account !== undefined && { account }) };
}

export interface OwnIdentifier {
  readonly identifier: Identifier;
  readonly type: string | undefined;
}

function readIdentifiers(pid: SegmentReader): OwnIdentifier[] {
  return [3, 2, 4].flatMap((n) =>
    pid.all(n, 'Patient.identifier').flatMap((field) => {
      const found = identifier(field);
      return found === undefined ? [] : [{ identifier: found, type: n === 3 ? field.code(5) : undefined }];
    }),
  );
}

/** The identifier that names the patient: PID-3 by the profile's order of types, else the first of PID-3, 2, 4. */
export function chooseIdentifier(
  identifiers: readonly OwnIdentifier[],
  scope: Scope,
): OwnIdentifier | undefined {
  for (const type of scope.context.profile.identifierTypeOrder) {
    const match = identifiers.find((own) => own.type === type);
    if (match !== undefined) return match;
  }
  return identifiers[0];
}

const ssn = /^\d{3}-?\d{2}-?\d{4}$/;

function otherIdentifiers(pid: SegmentReader): Identifier[] {
  const result: Identifier[] = [];
  const social = pid.code(19, 'Patient.identifier');
  if (social !== undefined) {
    const system = ssn.test(social) ? 'http://hl7.org/fhir/sid/us-ssn' : pid.sender.system;
    result.push({ type: identifierType('SS'), system, value: social });
  }
  const licence = pid.first(20, 'Patient.identifier');
  const number = licence?.code(1);
  if (licence !== undefined && number !== undefined) {
    const own: Identifier = {
      type: identifierType('DL'),
      system: pid.sender.authority(licence.code(2)),
      value: number,
    };
    const end = dateOnly(licence, 3);
    if (end !== undefined) own.period = { end };
    result.push(own);
  }
  return result;
}

/** Before v2.7 the same number often stands in PID-2, 3 and 4. */
function distinct(identifiers: readonly Identifier[]): Identifier[] {
  const seen = new Set<string>();
  return identifiers.filter(({ system, value, type }) => {
    const key = `${system} ${value} ${type?.coding?.[0]?.code ?? ''}`;
    const bare = `${system} ${value} `;
    if (seen.has(key) || (key === bare && [...seen].some((other) => other.startsWith(bare)))) return false;
    seen.add(key);
    return true;
  });
}

function names(pid: SegmentReader): HumanName[] | undefined {
  const fields = [...pid.all(5, 'Patient.name'), ...pid.all(9, 'Patient.name')];
  return list([...fields.map(humanName), ...fields.map(calledBy)]);
}

/** XPN-15: the name by which the person is called. */
function calledBy(field: FieldReader): HumanName | undefined {
  const text = field.repetition.componentCount < 15 ? undefined : field.get(15);
  return text === undefined ? undefined : { use: 'nickname', text };
}

function gender(pid: SegmentReader): Patient['gender'] {
  const field = pid.first(8, 'Patient.gender');
  if (field === undefined) return undefined;
  const mapped = administrativeSex(field.code(1)?.toUpperCase());
  return mapped ?? field.refuse('CODE_UNMAPPED', 'PID-8 is not in HL7 table 0001; no gender was set.');
}

/** Padding (`19610615000000`) is no time of birth. */
function setBirth(patient: Patient, pid: SegmentReader): void {
  const field = pid.first(7, 'Patient.birthDate');
  const time = readDtm(field);
  if (field === undefined || time === undefined) return;
  patient.birthDate = date(time);
  const clock = `${time.hour ?? ''}${time.minute ?? ''}${time.second ?? ''}`;
  if (!/[1-9]/.test(clock)) return;
  const valueDateTime = dateTimeOf(time, field);
  if (!valueDateTime.includes('T')) return;
  const extension = [{ url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime }];
  patient._birthDate = { extension };
}

function setDeath(patient: Patient, pid: SegmentReader): void {
  const time = dateTime(pid.first(29, 'Patient.deceased'));
  const flag = yesNo(pid.first(30, 'Patient.deceased'));
  if (time !== undefined) patient.deceasedDateTime = time;
  else set(patient, 'deceasedBoolean', flag);
}

function setMultipleBirth(patient: Patient, pid: SegmentReader): void {
  const isMultiple = yesNo(pid.first(24, 'Patient.multipleBirth'));
  const order = parsePositiveInt(pid.code(25, 'Patient.multipleBirth'));
  if (order !== undefined && isMultiple !== false) patient.multipleBirthInteger = order;
  else set(patient, 'multipleBirthBoolean', isMultiple);
  if (order !== undefined && isMultiple === false)
    pid.first(25, 'Patient.multipleBirth')?.keep('PID-24 says that it was a single birth.');
}

/** PID-12 (county, until v2.6) belongs to the only address; with several it cannot be said to which. */
function addresses(pid: SegmentReader): Address[] | undefined {
  const result = each(pid.all(11, 'Patient.address'), address) ?? [];
  const county = pid.text(12, 'Patient.address.district');
  if (county !== undefined) {
    const only = result.length === 1 ? result[0] : undefined;
    if (only !== undefined && only.district === undefined) only.district = county;
    else if (only?.district !== county) result.push({ district: county });
  }
  return result.length === 0 ? undefined : result;
}

/** A CWE as a language of communication. */
export function language(
  field: FieldReader,
): { language: NonNullable<ReturnType<typeof codeableConcept>> } | undefined {
  const sent = codeableConcept(field);
  if (sent === undefined) return undefined;
  const code = field.code(1);
  const tag = code === undefined ? undefined : languageTag(code.toLowerCase());
  if (tag === undefined) {
    const text = sent.text ?? field.get(2) ?? code;
    return { language: text === undefined ? sent : { text } };
  }
  const coding = { system: 'urn:ietf:bcp:47', code: tag };
  const display = field.get(2);
  // R4 wants one code of BCP 47; what else was sent stands beside it.
  const others = (sent.coding ?? []).filter(
    (one) => one.code !== tag && one.code?.toLowerCase() !== code?.toLowerCase(),
  );
  const concept = { ...sent, coding: [display === undefined ? coding : { ...coding, display }, ...others] };
  return { language: concept };
}

function extensions(pid: SegmentReader): Extension[] {
  const holder: { extension: Extension[] } = { extension: [] };
  const add = (extension: Extension | undefined): void => {
    if (extension !== undefined) extend(holder, extension);
  };
  add(usCore(pid.all(10, 'Patient.extension(us-core-race)'), 'race', '0005', ombRace));
  add(usCore(pid.all(22, 'Patient.extension(us-core-ethnicity)'), 'ethnicity', '0189', ombEthnicity));
  const maiden = humanName(pid.first(6, 'Patient.extension(patient-mothersMaidenName)'));
  if (maiden !== undefined)
    add(stringExtension('patient-mothersMaidenName', maiden.family ?? nameText(maiden)));
  const religion = codeableConcept(pid.first(17, 'Patient.extension(patient-religion)'), {
    table: '0006',
    map: religions,
  });
  if (religion !== undefined) add(conceptExtension('patient-religion', religion));
  const place = pid.text(23, 'Patient.extension(patient-birthPlace)');
  if (place !== undefined) {
    add({ url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace', valueAddress: { text: place } });
  }
  for (const [n, name, table] of [
    [26, 'patient-citizenship', '0171'],
    [28, 'patient-nationality', '0212'],
  ] as const) {
    for (const field of pid.all(n, `Patient.extension(${name})`)) {
      const concept = codeableConcept(field, { table });
      if (concept === undefined) continue;
      add({
        url: `http://hl7.org/fhir/StructureDefinition/${name}`,
        extension: [{ url: 'code', valueCodeableConcept: concept }],
      });
    }
  }
  const species = codeableConcept(pid.first(35, 'Patient.extension(patient-animal)'), { table: '0446' });
  const breed = codeableConcept(pid.first(36, 'Patient.extension(patient-animal)'), { table: '0447' });
  if (species !== undefined || breed !== undefined) {
    add({
      url: 'http://hl7.org/fhir/StructureDefinition/patient-animal',
      extension: [
        // The extension requires a species.
        { url: 'species', valueCodeableConcept: species ?? absentReason('unknown') },
        ...(breed === undefined ? [] : [{ url: 'breed', valueCodeableConcept: breed }]),
      ],
    });
  }
  for (const field of pid.all(39, 'Patient.extension(us-core-tribal-affiliation)')) {
    const tribe = codeableConcept(field, { table: '0171' });
    if (tribe === undefined) continue;
    add({
      url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-tribal-affiliation',
      extension: [{ url: 'tribalAffiliation', valueCodeableConcept: tribe }],
    });
  }
  return holder.extension;
}

/**
 * US Core race and ethnicity. Codes only where they are CDC's (said so, or of their shape); anything else is text,
 * which US Core requires in any case.
 */
function usCore(
  fields: readonly FieldReader[],
  name: 'race' | 'ethnicity',
  table: string,
  omb: (code: string | undefined) => string | undefined,
): Extension | undefined {
  const parts: Extension[] = [];
  const texts: string[] = [];
  for (const field of fields) {
    const sent = field.code(1);
    const mapped = name === 'ethnicity' ? ethnicGroup(sent) : undefined;
    const systemId = field.code(3);
    const isCdc = systemId === undefined || systemId === 'CDCREC' || systemId === `HL7${table}`;
    const code =
      mapped?.code ?? (sent !== undefined && isCdc && /^[12]\d{3}-\d$/.test(sent) ? sent : undefined);
    const display = field.get(9) ?? field.get(2) ?? mapped?.display ?? omb(code) ?? sent;
    if (display !== undefined) texts.push(display);
    if (code === undefined) continue;
    const category = omb(code);
    const isFirst = name === 'race' || !parts.some(({ url }) => url === 'ombCategory');
    const url = category === undefined || !isFirst ? 'detailed' : 'ombCategory';
    const shown = category ?? display;
    const version = field.get(7);
    parts.push({
      url,
      valueCoding: {
        system: cdcRace,
        ...(version === undefined ? {} : { version }),
        code,
        ...(shown === undefined ? {} : { display: shown }),
      },
    });
  }
  if (texts.length === 0) return undefined;
  return {
    url: `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${name}`,
    extension: [...parts, { url: 'text', valueString: texts.join(', ') }],
  };
}

/** PID-18. v2 gives an account no status, so it is unknown, not active as the guide has it. */
function mapAccount(pid: SegmentReader, scope: Scope, subject: Reference): Identifier | undefined {
  const number = identifier(pid.first(18, 'Account.identifier'), 'AN');
  if (number === undefined) return undefined;
  const account: Identified<Account> = {
    resourceType: 'Account',
    id: scope.id('Account', number.system ?? '', number.value ?? ''),
    identifier: [number],
    status: 'unknown',
    subject: [subject],
  };
  scope.add(account);
  return number;
}
