import { createRoom } from '../../../src/lib/ingest/room';

/** Guests of a room of ten, each leaving when it is told to. */
function guests() {
  const inRoom = createRoom(10);
  const inside: string[] = [];
  const come = (name: string, size: number) => {
    let leave: (error?: Error) => void = () => undefined;
    const stay = inRoom(size, () => {
      inside.push(name);
      return new Promise<string>((resolve, reject) => {
        leave = (error) => {
          inside.splice(inside.indexOf(name), 1);
          if (error) reject(error);
          else resolve(name);
        };
      });
    });
    return {
      async leave(error?: Error): Promise<string> {
        leave(error);
        return stay;
      },
    };
  };
  return { inside, come };
}

/** Every promise that can be settled by now. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('those who fit beside each other are there at a time, the others follow in order', async () => {
  const { inside, come } = guests();
  const [a, b, c] = [come('a', 6), come('b', 4), come('c', 5), come('d', 1)];
  await settled();
  expect(inside).toEqual(['a', 'b']);
  expect(await b.leave()).toBe('b');
  await settled();
  // d would fit, but came after c, which would else wait for ever.
  expect(inside).toEqual(['a']);
  await a.leave();
  await settled();
  expect(inside).toEqual(['c', 'd']);
  await c.leave();
});

test('who is larger than the room has it alone', async () => {
  const { inside, come } = guests();
  const [small, large] = [come('small', 1), come('large', 99), come('next', 1)];
  await settled();
  expect(inside).toEqual(['small']);
  await small.leave();
  await settled();
  expect(inside).toEqual(['large']);
  await large.leave();
  await settled();
  expect(inside).toEqual(['next']);
});

test('whose work fails makes room as well', async () => {
  const { inside, come } = guests();
  const [first] = [come('first', 10), come('second', 10)];
  await settled();
  await expect(first.leave(new Error('broken'))).rejects.toThrow('broken');
  await settled();
  expect(inside).toEqual(['second']);
});
