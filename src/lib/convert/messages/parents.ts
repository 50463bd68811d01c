import type { Identifier, Reference } from 'fhir/r4';
import type { Order } from '../segments/obr';
import type { Scope } from '../scope';
import type { Result } from './results';

export interface ConvertedOrder {
  readonly order: Order;
  readonly results: readonly Result[];
}

/**
 * Orders that follow from another (OBR-29) and the result that they follow from (OBR-26): in microbiology the culture
 * grows an organism, and each organism has an order of its own with what it is sensitive to. Parents that are in the
 * message become references: the request is based on its parent's, and the organism has the sensitivities as members.
 * Parents from elsewhere stay identifiers and words.
 */
export function linkParents(orders: readonly ConvertedOrder[], scope: Scope): void {
  const byNumber = ordersByNumber(orders);
  orders.forEach((child, index) => {
    const { request, obr } = child.order;
    const parentsOf = ({ identifier }: Reference): readonly ConvertedOrder[] =>
      identifier === undefined ? [] : (byNumber.get(numberOf(identifier)) ?? []);
    const named = request.basedOn ?? [];
    if (request.basedOn !== undefined) {
      request.basedOn = [
        ...new Map(
          request.basedOn.map((reference) => {
            const parent = parentsOf(reference).find((other) => other !== child);
            const linked = parent === undefined ? reference : scope.reference(parent.order.request.id);
            return [JSON.stringify(linked), linked];
          }),
        ).values(),
      ];
    }
    linkResult(
      child,
      () => {
        const parents = new Set(named.flatMap(parentsOf));
        parents.delete(child);
        return parents.size > 0 ? [...parents] : orders.slice(0, index);
      },
      scope,
    );
    obr.first(26, 'Observation.hasMember');
  });
}

/** By each of their numbers: a message of ten thousand orders must not look through all of them for each. */
function ordersByNumber(orders: readonly ConvertedOrder[]): ReadonlyMap<string, readonly ConvertedOrder[]> {
  const byNumber = new Map<string, ConvertedOrder[]>();
  for (const order of orders) {
    for (const number of new Set(order.order.request.identifier?.map(numberOf))) {
      const known = byNumber.get(number);
      if (known) known.push(order);
      else byNumber.set(number, [order]);
    }
  }
  return byNumber;
}

const numberOf = ({ system, value }: Identifier): string => JSON.stringify([system, value]);

/** OBR-26 is OBX-3, OBX-4 and the value of the parent result. */
function linkResult(child: ConvertedOrder, candidates: () => readonly ConvertedOrder[], scope: Scope): void {
  const field = child.order.obr.first(26, 'Observation.hasMember');
  if (field === undefined || child.results.length === 0) return;
  const [code, subId] = [field.code(1), field.code(2)];
  const words = field.get(3) ?? field.get(1, 2) ?? code;
  field.get(1, 2);
  field.code(1, 3);
  const parent = candidates()
    .flatMap(({ results }) => results)
    .find(
      ({ obx, observation }) =>
        observation?.code.coding?.some((coding) => coding.code === code) === true &&
        (subId === undefined || obx.get(4)?.trim() === subId),
    )?.observation;
  if (parent !== undefined) {
    parent.hasMember = [...(parent.hasMember ?? []), ...child.results.map(({ reference }) => reference)];
    return;
  }
  if (words === undefined) return;
  for (const { observation } of child.results) {
    if (observation !== undefined)
      observation.derivedFrom = [...(observation.derivedFrom ?? []), { type: 'Observation', display: words }];
  }
  field.target = 'Observation.derivedFrom';
  scope.findings.addOnce(
    'info',
    'PARENT_RESULT_ELSEWHERE',
    'The parent result (OBR-26) is not in this message; its words were kept.',
    field,
  );
}
