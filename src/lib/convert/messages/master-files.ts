import type { Reference } from 'fhir/r4';
import { Rejection } from '../types';
import type { Scope } from '../scope';
import { mapLoc } from '../segments/loc';
import { readMfe, readMfi } from '../segments/mfe';
import { mapPra } from '../segments/pra';
import { mapStf } from '../segments/stf';
import type { Group } from './grammar';
import type { Events } from './registry';
import { MFN_M02, MFN_M05 } from './structures-master-files';

/** MFN_M02: staff. */
function convertStaff(root: Group, scope: Scope): Reference[] {
  for (const mfi of root.all('MFI')) readMfi(mfi, scope);
  const people = root.allGroups('MF_STAFF').flatMap((group) => {
    const inUse = group.all('MFE').map((mfe) => readMfe(mfe, scope, 'Practitioner.active'))[0];
    return group.all('STF').map((stf) => {
      const person = mapStf(stf, scope, inUse);
      const reference = scope.reference(person.id);
      for (const pra of group.all('PRA')) mapPra(pra, scope, reference);
      return reference;
    });
  });
  return orReject(people, 'STF^1');
}

/** MFN_M05: places. */
function convertPlaces(root: Group, scope: Scope): Reference[] {
  for (const mfi of root.all('MFI')) readMfi(mfi, scope);
  const places = root.allGroups('MF_LOCATION').flatMap((group) => {
    const inUse = group.all('MFE').map((mfe) => readMfe(mfe, scope, 'Location.status'))[0];
    return group.all('LOC').map((loc) => mapLoc(loc, scope, inUse));
  });
  return orReject(places, 'LOC^1');
}

function orReject(records: Reference[], location: string): Reference[] {
  if (records.length === 0) throw new Rejection('SEGMENT_MISSING', location);
  return records;
}

/** The other master files (charges, tests, formularies) have no resource here; their messages are refused. */
export const masterFiles: Events = {
  M02: { structure: MFN_M02, convert: convertStaff },
  M05: { structure: MFN_M05, convert: convertPlaces },
};
