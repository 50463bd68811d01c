import type { HumanName, Identifier } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { identifier } from '../datatypes/cx';
import { humanName } from '../datatypes/xpn';
import type { SegmentReader } from '../reader';
import type { Scope } from '../scope';
import { list } from '../set';
import { chooseIdentifier, type OwnIdentifier } from './pid';

/** What a patient, an account or a visit was known by before the event. */
export interface Prior {
  readonly mrg: SegmentReader;
  /** MRG-1, 4 and 2, the first that names the patient before. */
  readonly identifiers: readonly Identifier[];
  /** Id of the Patient before; absent where MRG names none. */
  readonly patientId: string | undefined;
  /** MRG-1.5 of the identifier that makes this id. */
  readonly keyType: string | undefined;
  readonly names: readonly HumanName[];
  readonly account: Identifier | undefined;
  readonly visit: Identifier | undefined;
  readonly alternateVisit: Identifier | undefined;
}

/** MRG says only what things were called; what became of them is the event's to say. */
export function readMrg(segment: Hl7Segment, scope: Scope): Prior {
  const mrg = scope.open(segment);
  const own = [1, 4, 2].flatMap((n) =>
    mrg.all(n, 'Patient.identifier').flatMap((field): OwnIdentifier[] => {
      const found = identifier(field);
      return found === undefined ? [] : [{ identifier: found, type: n === 1 ? field.code(5) : undefined }];
    }),
  );
  // MRG-2 and MRG-4 name a patient only where nothing else does (before v2.3).
  const key = chooseIdentifier(own, scope);
  return {
    mrg,
    identifiers: own.map((each) => each.identifier),
    patientId: key && scope.id('Patient', key.identifier.system ?? '', key.identifier.value ?? ''),
    keyType: key?.type,
    names: list(mrg.all(7, 'Patient.name').map(humanName)) ?? [],
    account: identifier(mrg.first(3, 'Account.identifier'), 'AN'),
    visit: identifier(mrg.first(5, 'Encounter.identifier'), 'VN'),
    alternateVisit: identifier(mrg.first(6, 'Encounter.identifier'), 'VN'),
  };
}
