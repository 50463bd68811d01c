import type { Hl7Segment } from '../../hl7';
import { readTq1, type Schedule } from '../datatypes/timing';
import type { Group } from '../messages/grammar';
import type { Scope } from '../scope';

const kept = {
  1: 'Set id: order of segments in the message.',
  12: 'How schedules follow one another: R4 has no such element.',
};

/** TQ1: one schedule of an order; `target` is the element it is for. */
function mapTq1(segment: Hl7Segment, place: number, scope: Scope, target: string): Schedule | undefined {
  const tq1 = scope.open(segment, kept);
  // A set id that counts the schedules from 1 is their place in the list.
  if (segment.get(1)?.trim() === String(place)) tq1.code(1, `${target}.timing`);
  return readTq1({
    quantity: tq1.first(2, `${target}.quantity`),
    patterns: tq1.all(3, `${target}.timing`),
    times: tq1.all(4, `${target}.timing.repeat.timeOfDay`),
    interval: tq1.first(5, `${target}.timing.repeat.period`),
    service: tq1.first(6, `${target}.timing.repeat.bounds`),
    start: tq1.first(7, `${target}.timing.repeat.bounds`),
    end: tq1.first(8, `${target}.timing.repeat.bounds`),
    priorities: tq1.all(9, `${target}.priority`),
    condition: tq1.first(10, `${target}.note`),
    instruction: tq1.first(11, `${target}.note`),
    duration: tq1.first(13, `${target}.timing.repeat.duration`),
    occurrences: tq1.first(14, `${target}.timing.repeat.count`),
  });
}

/** The schedules of the timing groups of an order (TQ1; TQ2 relates orders to one another, which R4 cannot say). */
export function mapTimings(groups: readonly Group[], scope: Scope, target: string): Schedule[] {
  let place = 0;
  return groups.flatMap((group) => {
    for (const tq2 of group.all('TQ2'))
      scope.open(tq2).keepAll('R4 has no order of one request after another.');
    return group
      .all('TQ1')
      .map((tq1) => mapTq1(tq1, ++place, scope, target))
      .filter((schedule) => schedule !== undefined);
  });
}
