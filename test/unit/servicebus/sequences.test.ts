import fc from 'fast-check';
import { Sequences } from '../../../local/servicebus/entity/sequences';

test('whatever is added and taken, the lowest comes first', () => {
  const action = fc.oneof({ weight: 3, arbitrary: fc.constant('new') }, fc.constant('back'), {
    weight: 3,
    arbitrary: fc.constant('take'),
  });
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 6000, size: 'max' }),
      fc.infiniteStream(fc.nat()),
      (actions, random) => {
        const sequences = new Sequences();
        const waiting: number[] = [];
        const taken: number[] = [];
        let last = 0;
        for (const what of actions) {
          if (what === 'take') {
            const expected = waiting.shift();
            expect(sequences.take()).toBe(expected);
            if (expected !== undefined) taken.push(expected);
            continue;
          }
          const index = Number(random.next().value) % Math.max(1, taken.length);
          const back = what === 'back' ? taken.splice(index, 1)[0] : undefined;
          const sequence = back ?? ++last;
          sequences.add(sequence);
          waiting.push(sequence);
          waiting.sort((a, b) => a - b);
        }
      },
    ),
    { numRuns: 20 },
  );
});
