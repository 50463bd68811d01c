import type { Reference, ServiceRequest } from 'fhir/r4';
import type { Identified, Scope } from '../scope';
import { mapAut } from '../segments/aut';
import { mapCtd } from '../segments/ctd';
import { mapNotes } from '../segments/nte';
import { mapPrd, type Provider } from '../segments/prd';
import { mapRf1 } from '../segments/rf1';
import { mapAttachedOrders } from './attached-orders';
import { mapFindings } from './findings';
import type { Group } from './grammar';
import type { Converter, Events } from './registry';
import { REF_I12 } from './structures-referral';
import { mapPatient, mapVisit } from './visit';

/** REF: a patient is sent from one clinician to another. */
function convertReferral(root: Group, scope: Scope): Reference[] {
  const subject = mapPatient(root, scope);
  const visit = mapVisit(root, scope, subject);
  const request = mapRf1(root.first('RF1'), scope, subject);
  if (visit !== undefined) request.encounter = visit.reference;
  for (const group of root.allGroups('PROVIDER_CONTACT')) {
    for (const prd of group.all('PRD')) {
      const provider = mapPrd(prd, scope, request.id);
      for (const ctd of group.all('CTD')) mapCtd(ctd, scope, provider.role);
      addProvider(request, provider);
    }
  }
  const authorizations = [
    ...root.allGroups('AUTHORIZATION_CONTACT'),
    ...root.allGroups('PROCEDURE').flatMap((group) => group.allGroups('AUTHORIZATION')),
  ];
  for (const group of authorizations) {
    for (const aut of group.all('AUT')) mapAut(aut, scope, request);
    for (const ctd of group.all('CTD')) mapCtd(ctd, scope, request);
  }
  mapFindings(root, scope, subject, visit);
  const orders = mapAttachedOrders(root.allGroups('COMMON_ORDER'), scope, subject, visit);
  if (orders.length > 0) request.supportingInfo = [...(request.supportingInfo ?? []), ...orders];
  const notes = mapNotes(root.all('NTE'), scope, 'ServiceRequest.note');
  if (notes !== undefined) request.note = [...(request.note ?? []), ...notes];
  return [scope.reference(request.id)];
}

/** HL7 table 0286: who refers asks, who is referred to does; the others are worth knowing. */
function addProvider(request: Identified<ServiceRequest>, { codes, reference }: Provider): void {
  if (codes.includes('RP') && request.requester === undefined) request.requester = reference;
  else if (codes.includes('RT')) (request.performer ??= []).push(reference);
  else (request.supportingInfo ??= []).push(reference);
}

const referral: Converter = { structure: REF_I12, convert: convertReferral };

export const referrals: Events = { I12: referral, I13: referral, I14: referral, I15: referral };
