import { connectionOf } from '../connections';
import type { HostContext } from '../context';
import { HostError, messageOf } from '../errors';
import type { HostedFunction, TriggerEvent } from '../invoker';
import { parseSchedule, type Schedule } from '../ncrontab';
import type { RetryOptions } from '../protocol';
import { runWithRetry } from '../retry';
import { blobTimerStatus, type TimerStatus, type TimerStatusStore } from './timer-status';
import { BY_HAND, type Listener, type TriggeredFunction } from './trigger';

interface TimerFunction extends HostedFunction {
  schedule: Schedule;
  runOnStartup: boolean;
  retry?: RetryOptions;
}

/** .NET's default date: the timer has never fired. */
const NEVER = '0001-01-01T00:00:00+00:00';
/** Node clamps longer delays to 1 ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * What a start finds: the status to go on with, and whether an occurrence was missed while the host was away. An
 * edited schedule is recognised because `Next` no longer follows from `Last`; its missed runs do not count.
 */
export function resume(
  status: TimerStatus | undefined,
  schedule: Schedule,
  now: Date,
): { status: TimerStatus; pastDue: boolean } {
  const next = (after: Date): string => (schedule.next(after) ?? new Date(8.64e15)).toISOString();
  if (!status)
    return { status: { Last: NEVER, Next: next(now), LastUpdated: now.toISOString() }, pastDue: false };
  const since = new Date(status.Last === NEVER ? status.LastUpdated : status.Last);
  const expected = next(since);
  const current =
    Date.parse(status.Next) === Date.parse(expected)
      ? status
      : { ...status, Next: next(new Date(status.LastUpdated)), LastUpdated: now.toISOString() };
  return { status: current, pastDue: Date.parse(current.Next) < now.getTime() };
}

/** After a run: counted from its time, but never before the occurrence it served, so an early clock fires once. */
export function advance(
  status: TimerStatus,
  schedule: Schedule,
  ranAt: Date,
  onSchedule: boolean,
): TimerStatus {
  const from = onSchedule ? new Date(Math.max(ranAt.getTime(), Date.parse(status.Next))) : ranAt;
  const next = schedule.next(from) ?? new Date(8.64e15);
  return { Last: from.toISOString(), Next: next.toISOString(), LastUpdated: new Date().toISOString() };
}

/** Azure keeps no status for timers that fire more than once a minute. */
export function firesOftenerThanMonitored(schedule: Schedule, now: Date): boolean {
  let at: Date | undefined = now;
  for (let i = 0; i < 5 && at; i += 1) {
    const next: Date | undefined = schedule.next(at);
    if (i > 0 && next && next.getTime() - at.getTime() < 60_000) return true;
    at = next;
  }
  return false;
}

export async function openTimers(
  functions: readonly TriggeredFunction[],
  host: HostContext,
): Promise<readonly Listener[]> {
  const timers = functions.map(({ options, ...fn }) => {
    const schedule = parseSchedule(options.required('schedule'), options.where);
    const isMonitored = options.flag('useMonitor', true) && !firesOftenerThanMonitored(schedule, new Date());
    return { ...fn, schedule, runOnStartup: options.flag('runOnStartup', false), isMonitored };
  });
  const first = timers.find(({ isMonitored }) => isMonitored);
  const store = first && (await statusStore(host, first.name));
  return timers.map((fn) => timerListener(fn, fn.isMonitored ? store : undefined, host));
}

async function statusStore({ env, hostId }: HostContext, functionName: string): Promise<TimerStatusStore> {
  const connection = connectionOf('AzureWebJobsStorage', 'blobs', env, `Timer ${functionName}`);
  try {
    return await blobTimerStatus(connection, hostId);
  } catch (error) {
    throw new HostError(
      `The timers' status cannot be kept: AzureWebJobsStorage does not answer (${messageOf(error)}). Start the storage, or correct the setting.`,
    );
  }
}

function timerListener(
  fn: TimerFunction,
  /** Undefined when the schedule is not monitored. */
  store: TimerStatusStore | undefined,
  { invoker, log }: HostContext,
): Listener {
  let status: TimerStatus | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopping = new AbortController();

  const save = async (): Promise<void> => {
    if (!status) return;
    await store?.write(fn.name, status).catch((error: unknown) => {
      log(`The status of timer ${fn.name} could not be stored: ${messageOf(error)}`);
    });
  };

  const fire = async (isPastDue: boolean, onSchedule: boolean): Promise<void> => {
    const ranAt = new Date();
    const reason = `Timer fired at ${ranAt.toISOString()}`;
    // Errors never stop a schedule; the next run starts only after this one, so a timer does not overlap itself.
    await runWithRetry(
      invoker,
      fn,
      { input: timerInfo(store ? status : undefined, isPastDue), reason },
      stopping.signal,
    );
    if (status) status = advance(status, fn.schedule, ranAt, onSchedule);
    await save();
    arm();
  };

  const arm = (): void => {
    if (!status || stopping.signal.aborted) return;
    const wait = Date.parse(status.Next) - Date.now();
    timer = setTimeout(
      () => {
        if (status && Date.parse(status.Next) > Date.now()) arm();
        else void fire(false, true);
      },
      Math.max(0, Math.min(wait, MAX_DELAY_MS)),
    );
  };

  return {
    async start() {
      stopping = new AbortController();
      const found = resume(await store?.read(fn.name), fn.schedule, new Date());
      status = found.status;
      await save();
      if (found.pastDue) void fire(true, false);
      else if (fn.runOnStartup) void fire(false, false);
      else arm();
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
    },
    async close() {
      // Nothing is held open.
    },
    manual: {
      fn,
      event: () => ({ input: timerInfo(store ? status : undefined, false), reason: BY_HAND }),
    },
  };
}

function timerInfo(status: TimerStatus | undefined, isPastDue: boolean): TriggerEvent['input'] {
  return {
    json: JSON.stringify({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: status ?? null,
      IsPastDue: isPastDue,
    }),
  };
}
