import type { Reference } from 'fhir/r4';
import { joinKey } from '../identity';
import type { Scope } from '../scope';
import { mapSac } from '../segments/sac';
import type { Group } from './grammar';
import { mapOrderPatient } from './order-patient';
import { convertReport } from './oru';
import { linkParents, type ConvertedOrder } from './parents';
import type { Events } from './registry';
import { carryPlaces, mapResults, mapSpecimens } from './results';
import { OUL_R22, OUL_R24 } from './structures-orders';

/** OUL_R22 and OUL_R23: results by specimen. Returns what the message is about. */
function convertBySpecimen(root: Group, scope: Scope): Reference[] {
  const { subject, visit } = mapOrderPatient(root, scope);
  const key = joinKey(subject.patient.id, 'message', scope.messageKey);
  const converted = mapSpecimens(root.allGroups('SPECIMEN'), scope, { subject, key }).flatMap(
    ({ group, specimen }) => {
      mapResults(group, 'SPECIMEN_OBSERVATION', scope, { subject, visit, key, effective: {} }, specimen);
      const given = specimen === undefined ? [] : [specimen];
      return group.allGroups('ORDER').flatMap((order): ConvertedOrder[] => {
        const obr = order.first('OBR');
        return obr === undefined ? [] : [convertReport(order, obr, 'RESULT', scope, subject, visit, given)];
      });
    },
  );
  return finish(converted, subject.reference, scope);
}

/** OUL_R24, and OUL_R21 of older versions: results by order. */
function convertByOrder(root: Group, scope: Scope): Reference[] {
  const { subject, visit } = mapOrderPatient(root, scope);
  for (const container of root.allGroups('LONE_CONTAINER'))
    for (const sac of container.all('SAC')) mapLoneContainer(sac, scope, subject.reference);
  const converted = root.allGroups('ORDER').flatMap((order): ConvertedOrder[] => {
    const obr = order.first('OBR');
    return obr === undefined ? [] : [convertReport(order, obr, 'RESULT', scope, subject, visit)];
  });
  return finish(converted, subject.reference, scope);
}

/** OUL_R21 has containers without SPM: each is a specimen of which only the container is known. */
function mapLoneContainer(sac: Parameters<typeof mapSac>[0], scope: Scope, subject: Reference): void {
  const specimen = {
    resourceType: 'Specimen' as const,
    id: scope.id('Specimen', scope.messageKey, 'container', String(sac.occurrence)),
    subject,
  };
  const container = mapSac(sac, scope, specimen);
  if (container !== undefined) scope.add({ ...specimen, container: [container] });
}

function finish(converted: readonly ConvertedOrder[], patient: Reference, scope: Scope): Reference[] {
  linkParents(converted, scope);
  carryPlaces(
    converted.map(({ order }) => order.obr.segment),
    'Provenance.target',
    scope,
  );
  return [patient, ...converted.map(({ order }) => scope.reference(order.key))];
}

const bySpecimen = { structure: OUL_R22, convert: convertBySpecimen };
const byOrder = { structure: OUL_R24, convert: convertByOrder };

export const oul: Events = { R21: byOrder, R22: bySpecimen, R23: bySpecimen, R24: byOrder };
