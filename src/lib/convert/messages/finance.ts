import type { Account, Reference } from 'fhir/r4';
import { Rejection } from '../types';
import type { Scope } from '../scope';
import { mapDb1 } from '../segments/db1';
import { mapDg1 } from '../segments/dg1';
import { mapFt1 } from '../segments/ft1';
import { accountOf } from '../segments/gt1';
import { mapPr1 } from '../segments/pr1';
import { mapAttachedOrders } from './attached-orders';
import { mapFindings, mapFinance } from './findings';
import type { Group } from './grammar';
import type { Converter, Events } from './registry';
import { BAR_P01, BAR_P02, DFT_P03 } from './structures-finance';
import { mapPatient, mapVisit } from './visit';

/** What an event says of the account: P01 opens it, P02 purges it, P06 ends it. */
const accountStatus: Readonly<Record<string, Account['status']>> = {
  P01: 'active',
  P02: 'inactive',
  P06: 'inactive',
};

function aboutAccount(subject: Parameters<typeof accountOf>[0], scope: Scope): Reference[] {
  const account = accountOf(subject, scope);
  if (account === undefined) return [];
  account.status = accountStatus[scope.event] ?? account.status;
  return [scope.reference(account.id)];
}

/** BAR_P01: the account of one patient, and the visits it pays for. */
function convertAccount(root: Group, scope: Scope): Reference[] {
  const subject = mapPatient(root, scope);
  mapFindings(root, scope, subject, undefined);
  const visits = root.allGroups('VISIT').flatMap((group) => {
    const visit = mapVisit(group, scope, subject);
    mapFindings(group, scope, subject, visit);
    for (const name of ['GP1', 'GP2'])
      for (const segment of [
        ...group.all(name),
        ...group.allGroups('PROCEDURE').flatMap((own) => own.all(name)),
      ])
        scope.open(segment).keepAll('Grouping and pricing of an outpatient bill: R4 has it in claims only.');
    return visit === undefined ? [] : [visit.reference];
  });
  return [subject.reference, ...aboutAccount(subject, scope), ...visits];
}

/** BAR_P02 and P06: accounts that are purged or ended. */
function convertAccounts(root: Group, scope: Scope): Reference[] {
  const groups = root.allGroups('PATIENT');
  if (groups.length === 0) throw new Rejection('NO_PATIENT', 'PID');
  return groups.flatMap((group) => {
    const subject = mapPatient(group, scope);
    mapVisit(group, scope, subject);
    for (const db1 of group.all('DB1')) mapDb1(db1, scope, subject);
    return [subject.reference, ...aboutAccount(subject, scope)];
  });
}

/** DFT: what one patient is charged for. */
function convertCharges(root: Group, scope: Scope): Reference[] {
  const subject = mapPatient(root, scope);
  const visit = mapVisit(root, scope, subject);
  mapFindings(root, scope, subject, visit);
  mapAttachedOrders(root.allGroups('COMMON_ORDER'), scope, subject, visit);
  const charges = root.allGroups('FINANCIAL').flatMap((group) => {
    const [ft1] = group.all('FT1');
    const charge = ft1 && mapFt1(ft1, group.all('NTE'), scope, subject, visit);
    for (const procedure of group.allGroups('FINANCIAL_PROCEDURE')) {
      for (const pr1 of procedure.all('PR1')) {
        const done = mapPr1(pr1, scope, subject, visit);
        if (charge !== undefined) (charge.service ??= []).push(scope.reference(done.id));
      }
    }
    const orders = mapAttachedOrders(group.allGroups('COMMON_ORDER'), scope, subject, visit);
    if (charge !== undefined && orders.length > 0)
      charge.supportingInformation = [...(charge.supportingInformation ?? []), ...orders];
    for (const dg1 of group.all('DG1')) mapDg1(dg1, scope, subject, visit);
    mapFinance(group, scope, subject, visit);
    return charge === undefined ? [] : [scope.reference(charge.id)];
  });
  return charges.length === 0 ? [subject.reference] : charges;
}

const account: Converter = { structure: BAR_P01, convert: convertAccount };
const accounts: Converter = { structure: BAR_P02, convert: convertAccounts };
const charge: Converter = { structure: DFT_P03, convert: convertCharges };

export const billing: Events = {
  P01: account,
  P02: accounts,
  P05: account,
  P06: accounts,
  P10: account,
  P12: account,
};

export const charges: Events = { P03: charge, P11: charge };
