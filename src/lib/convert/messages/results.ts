import type { Observation, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { codeableConcept } from '../datatypes/cwe';
import { codeKey } from '../keys';
import type { Identified, Scope } from '../scope';
import { set } from '../set';
import { mapObrSpecimen } from '../segments/obr-specimen';
import type { Order, OrderContext, ReportedOrder } from '../segments/obr';
import type { OrderSegments } from '../segments/obr-request';
import { mapObx } from '../segments/obx';
import { mapSpm } from '../segments/spm';
import type { Group } from './grammar';

/** The segments of an order in its group, whatever the structure calls the groups of TQ1. */
export function orderSegments(group: Group, obr: Hl7Segment): OrderSegments {
  return {
    obr,
    orc: group.first('ORC'),
    notes: group.all('NTE'),
    timings: [...group.allGroups('TIMING'), ...group.allGroups('TIMING_QTY')],
    participations: group.all('PRT'),
    studies: group.all('CTI'),
  };
}

/** An OBX with the Observation that it became. */
export interface Result {
  readonly obx: Hl7Segment;
  readonly reference: Reference;
  readonly observation: Identified<Observation> | undefined;
}

export function mapResults(
  group: Group | undefined,
  name: string,
  scope: Scope,
  order: OrderContext,
  specimen: Reference | undefined,
): Result[] {
  return (group?.allGroups(name) ?? []).flatMap((member) =>
    member.all('OBX').map((obx) => {
      const reference = mapObx(obx, member.all('NTE'), scope, order, specimen, member.all('PRT'));
      const made = scope.resources.get(reference.reference?.slice('urn:uuid:'.length) ?? '');
      return { obx, reference, observation: made?.resourceType === 'Observation' ? made : undefined };
    }),
  );
}

export interface SpecimenGroup {
  readonly group: Group;
  readonly specimen: Reference | undefined;
}

/** SPM with its notes and containers, wherever a structure keeps them. */
export function mapSpecimens(
  groups: readonly Group[],
  scope: Scope,
  order: Pick<OrderContext, 'subject' | 'key'>,
): SpecimenGroup[] {
  const made = groups.map((group) => {
    const [spm] = group.all('SPM');
    if (spm === undefined) return { group, specimen: undefined };
    const containers = [
      ...group.all('SAC'),
      ...group.allGroups('CONTAINER').flatMap((one) => one.all('SAC')),
    ];
    return {
      group,
      specimen: mapSpm(
        { spm, notes: group.all('NTE'), containers, participations: group.all('PRT') },
        scope,
        order,
      ),
    };
  });
  carryPlaces(
    groups.flatMap((group) => group.all('SPM').slice(0, 1)),
    'specimen',
    scope,
  );
  for (const name of ['INV', 'TCD', 'SID'])
    for (const group of groups.flatMap((one) => [one, ...one.groups]))
      for (const segment of group.all(name)) scope.open(segment).keepAll(equipment);
  return made;
}

const equipment = 'Stock and settings of the equipment: not about the specimen or its results.';

/**
 * What an order says of specimens and what was found: its own SPM groups, else those that it stands in (`given`),
 * else OBR-15. With several specimens v2 does not say which one a result is of.
 */
export function mapOrderFindings(
  group: Group,
  name: string,
  scope: Scope,
  order: Order,
  given: readonly Reference[] = [],
): { results: Result[]; specimens: Reference[] } {
  const own = mapSpecimens(group.allGroups('SPECIMEN'), scope, order);
  const named = [
    ...given,
    ...own.map(({ specimen }) => specimen).filter((specimen) => specimen !== undefined),
  ];
  const described = mapObrSpecimen(order.obr, scope, order, named);
  const specimens = described === undefined ? named : [...named, described];
  const shared = specimens.length === 1 ? specimens[0] : undefined;
  const results = [
    ...mapResults(group, name, scope, order, shared),
    ...own.flatMap(({ group: specimenGroup, specimen }) => [
      ...mapResults(specimenGroup, 'SPECIMEN_OBSERVATION', scope, order, specimen),
      ...specimenGroup
        .allGroups('CONTAINER')
        .flatMap((container) => mapResults(container, 'CONTAINER_OBSERVATION', scope, order, specimen)),
    ]),
  ];
  return { results, specimens };
}

/** A set id that counts its segments from 1 is their place in the list that they became. */
export function carryPlaces(segments: readonly Hl7Segment[], target: string, scope: Scope): void {
  segments.forEach((segment, i) => {
    if (segment.get(1)?.trim() === String(i + 1)) scope.open(segment).code(1, target);
  });
}

/** Gives a report its specimens, its results, and the text that its lines make. */
export function completeReport(
  { report }: ReportedOrder,
  { results, specimens }: { results: readonly Result[]; specimens: Reference[] },
  scope: Scope,
): void {
  if (specimens.length > 0) report.specimen = specimens;
  if (results.length > 0) report.result = results.map(({ reference }) => reference);
  carryPlaces(
    results.map(({ obx }) => obx),
    'DiagnosticReport.result',
    scope,
  );
  set(report, 'presentedForm', presentedForm(results, scope));
}

const lineTypes = new Set(['TX', 'FT']);

/**
 * A text report comes as one OBX (TX or FT) for each line, all with the same OBX-3: together, in order, they are the
 * report as it is to be shown. Every line stays an Observation of its own as well.
 */
function presentedForm(results: readonly Result[], scope: Scope): ReportedOrder['report']['presentedForm'] {
  const texts: { key: string; title: string | undefined; lines: string[] }[] = [];
  let isOpen = false;
  for (const { obx, observation } of results) {
    const text = lineTypes.has(obx.get(2)?.trim().toUpperCase() ?? '') ? observation?.valueString : undefined;
    const isWithdrawn = observation?.status === 'entered-in-error';
    if (observation === undefined || text === undefined || isWithdrawn) {
      isOpen = false;
      continue;
    }
    const concept = codeableConcept(scope.open(obx).first(3, 'Observation.code'));
    const key = JSON.stringify(codeKey(concept));
    const last = texts[texts.length - 1];
    if (isOpen && last?.key === key) last.lines.push(text);
    else texts.push({ key, title: concept?.text ?? concept?.coding?.[0]?.display, lines: [text] });
    isOpen = true;
  }
  const forms = texts
    .filter(({ lines }) => lines.length > 1)
    .map(({ title, lines }) => ({
      contentType: 'text/plain;charset=utf-8',
      data: Buffer.from(lines.join('\n'), 'utf8').toString('base64'),
      ...(title === undefined ? {} : { title }),
    }));
  return forms.length === 0 ? undefined : forms;
}
