import fc from 'fast-check';
import { parseNcrontab, parseSchedule } from '../../../local/host/ncrontab';
import { parseTimeSpan } from '../../../local/host/timespan';

const next = (schedule: string, after: Date): Date | undefined =>
  parseSchedule(schedule, 'Function t').next(after);
const at = (text: string): Date => new Date(text.replace(' ', 'T'));

describe('the next occurrence of a schedule', () => {
  it.each([
    ['0 */5 * * * *', '2026-11-21 10:02:30', '2026-11-21 10:05:00'],
    ['0 */5 * * * *', '2026-11-21 10:05:00', '2026-11-21 10:10:00'],
    ['*/5 * * * *', '2026-11-21 10:02:30', '2026-11-21 10:05:00'],
    ['0 0 9-17 * * 1-5', '2026-11-20 17:00:00', '2026-11-23 09:00:00'],
    ['0 30 9 * Jan Mon', '2026-11-21 00:00:00', '2027-01-04 09:30:00'],
    ['0 0 0 1 january *', '2026-11-21 00:00:00', '2027-01-01 00:00:00'],
    ['0 5,8,10 * * * *', '2026-11-21 10:08:00', '2026-11-21 10:10:00'],
    ['30/10 0 0 * * *', '2026-11-21 00:00:30', '2026-11-21 00:00:40'],
    ['0 10-20/5 * * * *', '2026-11-21 10:20:00', '2026-11-21 11:10:00'],
    ['0 20-10 * * * *', '2026-11-21 10:15:00', '2026-11-21 10:16:00'],
    ['0 0 0 29 2 *', '2026-11-21 00:00:00', '2028-02-29 00:00:00'],
    ['0 0 0 31 * *', '2026-11-01 00:00:00', '2026-12-31 00:00:00'],
    // Both day fields must hold; Unix cron would take either.
    ['0 0 0 13 * Fri', '2026-11-14 00:00:00', '2027-08-13 00:00:00'],
    ['00:05:00', '2026-11-21 10:02:30', '2026-11-21 10:07:30'],
    ['1.00:00:00', '2026-11-21 10:02:30', '2026-11-22 10:02:30'],
  ])('%s after %s is %s', (schedule, after, expected) => {
    expect(next(schedule, at(after))).toEqual(at(expected));
  });

  it('does not exist for a day that no month has', () => {
    expect(next('0 0 0 31 2 *', at('2026-11-21 00:00:00'))).toBeUndefined();
  });

  it.each([
    ['* * * *', 'has 4 field(s)'],
    ['60 * * * * *', 'must be within 0-59'],
    ['0 0 24 * * *', 'must be within 0-23'],
    ['0 0 0 0 * *', 'must be within 1-31'],
    ['0 0 0 * * 7', 'must be within 0-6'],
    ['0 0 0 * foo *', 'has "foo", which is not a value'],
    ['0 */0 * * * *', 'has a step that is not a whole number above zero'],
    ['0 1/2/3 * * * *', 'has more than one step'],
    ['0 1-2-3 * * * *', 'has a broken range'],
    ['0 , * * * *', 'has "", which is not a value'],
    ['00:00:00', 'must be longer than zero'],
  ])('is refused for %s', (schedule, reason) => {
    expect(() => parseSchedule(schedule, 'Function t')).toThrow(`Function t: `);
    expect(() => parseSchedule(schedule, 'Function t')).toThrow(reason);
  });
});

describe('any schedule', () => {
  const field = (min: number, max: number): fc.Arbitrary<{ text: string; values: number[] }> => {
    const value = fc.integer({ min, max });
    const span = (from: number, to: number, step: number): number[] =>
      Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
    const one = fc.oneof(
      fc.constant({ text: '*', values: span(min, max, 1) }),
      value.map((n) => ({ text: String(n), values: [n] })),
      fc
        .tuple(value, value)
        .map(([a, b]) => ({ text: `${a}-${b}`, values: span(Math.min(a, b), Math.max(a, b), 1) })),
      fc.integer({ min: 2, max: 20 }).map((step) => ({ text: `*/${step}`, values: span(min, max, step) })),
      fc
        .tuple(value, fc.integer({ min: 2, max: 20 }))
        .map(([a, step]) => ({ text: `${a}/${step}`, values: span(a, max, step) })),
    );
    return fc.array(one, { minLength: 1, maxLength: 2 }).map((items) => ({
      text: items.map((item) => item.text).join(','),
      values: items.flatMap((item) => item.values),
    }));
  };
  const schedule = fc.tuple(
    field(0, 59),
    field(0, 59),
    field(0, 23),
    field(1, 31),
    field(1, 12),
    field(0, 6),
  );
  const instant = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2035, 0) }).map((ms) => new Date(ms));
  const matches = (fields: { values: number[] }[], d: Date): boolean =>
    [d.getSeconds(), d.getMinutes(), d.getHours(), d.getDate(), d.getMonth() + 1, d.getDay()].every((n, i) =>
      fields[i]?.values.includes(n),
    );

  it('fires strictly later, on a whole second, and only where every field matches', () => {
    fc.assert(
      fc.property(schedule, instant, (fields, after) => {
        const found = parseNcrontab(fields.map(({ text }) => text).join(' '), 't').next(after);
        if (!found) return;
        expect(found.getTime()).toBeGreaterThan(after.getTime());
        expect(found.getMilliseconds()).toBe(0);
        expect(matches(fields, found)).toBe(true);
      }),
    );
  });

  it('leaves no occurrence out: a walk second by second finds the same', () => {
    const daily = fc.tuple(field(0, 59), field(0, 59), field(0, 23));
    fc.assert(
      fc.property(daily, instant, (fields, after) => {
        const everyDay = [{ values: span31 }, { values: span12 }, { values: span7 }];
        let walk = new Date(Math.floor(after.getTime() / 1000) * 1000 + 1000);
        while (!matches([...fields, ...everyDay], walk)) walk = new Date(walk.getTime() + 1000);
        const text = `${fields.map(({ text: part }) => part).join(' ')} * * *`;
        expect(parseNcrontab(text, 't').next(after)).toEqual(walk);
      }),
      { numRuns: 25 },
    );
  });
  const span31 = Array.from({ length: 31 }, (_, i) => i + 1);
  const span12 = Array.from({ length: 12 }, (_, i) => i + 1);
  const span7 = [0, 1, 2, 3, 4, 5, 6];
});

describe('a time span', () => {
  it.each([
    ['00:00:30', 30_000],
    ['1:30', 5_400_000],
    ['2.03:04:05', ((2 * 24 + 3) * 3600 + 4 * 60 + 5) * 1000],
    ['00:00:00.2500000', 250],
  ])('%s is %i ms', (text, ms) => expect(parseTimeSpan(text, 'here')).toBe(ms));

  it.each(['24:00:00', '00:60:00', '5', 'soon', ''])('"%s" is refused', (text) => {
    expect(() => parseTimeSpan(text, 'host.json: functionTimeout')).toThrow('host.json: functionTimeout');
  });
});
