import type { CodeableConcept, NutritionOrder, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { requestStatus } from '../codemaps/orders';
import { codeableConcept } from '../datatypes/cwe';
import { absentReason } from '../extensions';
import { identifierKey } from '../keys';
import type { Identified, Scope } from '../scope';
import { each, list, set } from '../set';
import { mapNotes } from './nte';
import { addOrderEvent, type CommonOrder } from './orc';
import type { PatientSubject } from './pid';
import type { Visit } from './pv1';

interface Diet {
  readonly diets: readonly Hl7Segment[];
  readonly trays: readonly Hl7Segment[];
  readonly notes: readonly Hl7Segment[];
}

/** ODS of one order: diets (D), supplements (S) and preferences (P); trays (ODT) are how the kitchen serves them. */
export function mapDiet(
  { diets, trays, notes }: Diet,
  orc: CommonOrder,
  scope: Scope,
  subject: PatientSubject,
  visit: Visit | undefined,
): Reference {
  const number = orc.placer ?? orc.filler;
  const key = number === undefined ? ['message', scope.messageKey] : ['number', ...identifierKey(number)];
  const order = {
    resourceType: 'NutritionOrder',
    id: scope.nextId('NutritionOrder', subject.patient.id, ...key),
  } as Identified<NutritionOrder>;
  set(order, 'identifier', list([orc.placer, orc.filler, orc.requisition, ...orc.otherIdentifiers]));
  order.status = requestStatus(orc) ?? 'unknown';
  order.intent = 'order';
  order.patient = subject.reference;
  set(order, 'encounter', visit?.reference);
  const ordered = orc.authoredOn ?? orc.event.occurred;
  if (ordered === undefined) Object.assign(order, { _dateTime: absentReason('unknown') });
  else order.dateTime = ordered;
  if (orc.requester?.reference !== undefined) order.orderer = orc.requester;
  for (const segment of diets) addDiet(order, segment, scope);
  for (const tray of trays)
    scope.open(tray).keepAll('How the kitchen serves it: R4 nutrition orders do not say.');
  const asked = orc.schedules.flatMap(({ condition, instruction }) => list([condition, instruction]) ?? []);
  const texts = [
    ...(order.note ?? []),
    ...asked.map((text) => ({ text })),
    ...(mapNotes(notes, scope, 'NutritionOrder.note') ?? []),
  ];
  if (texts.length > 0) order.note = texts;
  const reference = scope.add(order);
  addOrderEvent(orc, reference, scope);
  return reference;
}

function addDiet(order: NutritionOrder, segment: Hl7Segment, scope: Scope): void {
  const ods = scope.open(segment);
  const kind = ods.code(1, 'NutritionOrder.oralDiet')?.toUpperCase();
  const periods = ods.all(2, 'NutritionOrder.oralDiet.schedule').map((field) => codeableConcept(field));
  const codes = each(ods.all(3, 'NutritionOrder.oralDiet.type'), (field) => codeableConcept(field));
  const texts = ods
    .all(4, 'NutritionOrder.oralDiet.instruction')
    .map((field) => field.get(1))
    .filter((text) => text !== undefined);
  const schedule = list(periods.map((code) => (code === undefined ? undefined : { code })));
  if (kind === 'S') {
    const supplement: NonNullable<NutritionOrder['supplement']>[number] = {};
    set(supplement, 'type', codes?.[0]);
    if (codes === undefined && texts[0] !== undefined) supplement.productName = texts[0];
    set(supplement, 'schedule', schedule);
    if (texts.length > 0) supplement.instruction = texts.join('\n');
    (order.supplement ??= []).push(supplement);
    return;
  }
  if (kind === 'P') {
    const preferred = [...(codes ?? []).map(words), ...texts].filter((text) => text !== undefined);
    if (codes !== undefined)
      order.foodPreferenceModifier = [...(order.foodPreferenceModifier ?? []), ...codes];
    if (texts.length > 0) (order.note ??= []).push({ text: preferred.join('\n') });
    return;
  }
  const diet = (order.oralDiet ??= {});
  if (codes !== undefined) diet.type = [...(diet.type ?? []), ...codes];
  if (schedule !== undefined) diet.schedule = [...(diet.schedule ?? []), ...schedule];
  if (texts.length > 0)
    diet.instruction = [diet.instruction, ...texts].filter((text) => text !== undefined).join('\n');
}

const words = ({ text, coding }: CodeableConcept): string | undefined => text ?? coding?.[0]?.display;
