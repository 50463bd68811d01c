import { parseSchedule } from '../../../local/host/ncrontab';
import { advance, firesOftenerThanMonitored, resume } from '../../../local/host/triggers/timer';

const hourly = parseSchedule('0 0 * * * *', 't');
const iso = (text: string): string => new Date(text).toISOString();
const status = {
  Last: iso('2026-11-21T10:00:00Z'),
  Next: iso('2026-11-21T11:00:00Z'),
  LastUpdated: iso('2026-11-21T10:00:01Z'),
};

describe('a start of a timer', () => {
  it('without a status waits for the next occurrence', () => {
    const now = new Date('2026-11-21T10:30:00Z');
    expect(resume(undefined, hourly, now)).toEqual({
      status: { Last: '0001-01-01T00:00:00+00:00', Next: status.Next, LastUpdated: now.toISOString() },
      pastDue: false,
    });
  });

  it('before the next occurrence goes on waiting for it', () => {
    expect(resume(status, hourly, new Date('2026-11-21T10:59:59Z'))).toEqual({ status, pastDue: false });
  });

  it('after a missed occurrence is past due', () => {
    expect(resume(status, hourly, new Date('2026-11-21T15:00:00Z')).pastDue).toBe(true);
  });

  it('with an edited schedule recomputes the next occurrence from the last change', () => {
    const daily = parseSchedule('0 0 12 * * *', 't');
    const found = resume(status, daily, new Date('2026-11-21T11:30:00Z'));
    expect(found.pastDue).toBe(false);
    expect(found.status.Next).toBe(daily.next(new Date(status.LastUpdated))?.toISOString());
  });
});

describe('after a run', () => {
  it('a clock that was early does not fire the same occurrence twice', () => {
    const after = advance(status, hourly, new Date('2026-11-21T10:59:59.990Z'), true);
    expect([after.Last, after.Next]).toEqual([status.Next, iso('2026-11-21T12:00:00Z')]);
  });

  it('that was past due the next occurrence follows the run, however many were missed', () => {
    expect(advance(status, hourly, new Date('2026-11-21T15:20:00Z'), false).Next).toBe(
      iso('2026-11-21T16:00:00Z'),
    );
  });
});

it('a timer is monitored unless it fires more than once a minute', () => {
  const now = new Date('2026-11-21T10:00:20Z');
  const often = (text: string): boolean => firesOftenerThanMonitored(parseSchedule(text, 't'), now);
  expect(['*/30 * * * * *', '00:00:59'].map(often)).toEqual([true, true]);
  expect(['0 * * * * *', '00:01:00', '0 0 0 1 1 *'].map(often)).toEqual([false, false, false]);
});
