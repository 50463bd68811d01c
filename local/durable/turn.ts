/**
 * One turn of an orchestration as a pure function: the event that was delivered, what the orchestrator decided after
 * seeing it, and what follows from both: history, ids, work to do, the end.
 *
 * Ids are the contract with durable-functions, which counts them by itself: from 0, depth first through `Task.all` and
 * `Task.any`, one per activity, sub-orchestration, timer leg and entity message; a failed attempt under a retry policy
 * takes one for its delay, the last attempt too (RetryInterceptor.cs, RetryableTask.js). One event per turn keeps the
 * order of all this unambiguous.
 */
import { createHash } from 'node:crypto';
import { ActionType, type Action, type Decision, type HttpRequest } from './decision';
import type { EntityRequest } from './entity';
import {
  EventType,
  netTime,
  recorded,
  STATUS_NUMBER,
  type Failure,
  type HistoryEvent,
  type Incoming,
  type Scheduled,
} from './history';
import type { Open, Progress, Retry } from './progress';

const DAY_MS = 86_400_000;
/** The Azure Storage provider's MaximumDelayTime and LongRunningTimerIntervalLength; the SDK is told both. */
const LONGEST_TIMER_MS = 6 * DAY_MS;
const TIMER_LEG_MS = 3 * DAY_MS;
const LONGEST_RETRY_DELAY_MS = 6 * DAY_MS;
/** The extension's name for the activity behind `callHttp`. */
export const HTTP_ACTIVITY = 'BuiltIn::HttpActivity';
export const HTTP_POLL_MS = 30_000;

export type Effect =
  | { kind: 'activity'; task: number; name: string; input: string | null }
  | { kind: 'http'; task: number; request: HttpRequest }
  | {
      kind: 'subOrchestration';
      task: number;
      instance: string;
      name: string;
      version: string;
      input: string | null;
    }
  | { kind: 'timer'; timer: number; due: number }
  | { kind: 'cancelTimer'; timer: number }
  | { kind: 'entity'; entity: string; request: EntityRequest };

export type Outcome =
  | { kind: 'running' }
  | { kind: 'ended'; status: 'Completed' | 'Failed'; output: string | null }
  | { kind: 'continuedAsNew'; input: string | null; carried: readonly Incoming[] };

export interface Turn {
  history: HistoryEvent[];
  progress: Progress;
  effects: Effect[];
  outcome: Outcome;
  /** JSON; absent where the orchestrator set none. */
  customStatus?: string;
  /** What the developer should know and the protocol cannot say. */
  warning?: string;
}

export interface Execution {
  instance: string;
  execution: string;
  name: string;
  progress: Progress;
}

export function takeTurn(of: Execution, event: Incoming, decision: Decision, now: number): Turn {
  const time = netTime(now);
  const desk = new Desk(of, structuredClone(of.progress), now);
  const { progress } = desk;
  if (progress.carried && event.EventType === EventType.EventRaised) progress.carried.push(event);
  desk.settle(event);
  let error = decision.error;
  try {
    for (const action of decision.actions.slice(progress.seen)) desk.schedule(action);
  } catch (reason) {
    error = (reason as Error).message;
  }
  progress.seen = Math.max(progress.seen, decision.actions.length);
  desk.cancelTimers(decision.actions);

  const again = decision.actions.find(({ actionType }) => actionType === ActionType.ContinueAsNew);
  if (again) progress.carried ??= [];
  const outcome = outcomeOf(of, { ...decision, ...(error === undefined ? {} : { error }) }, again, progress);
  const ended = outcome.kind === 'ended' ? [completion(outcome.status, outcome.output)] : [];
  const marks = [...desk.scheduled, ...ended.map((mark) => recorded(mark, time))];
  const { customStatus } = decision;
  return {
    history: [
      recorded({ EventType: EventType.OrchestratorStarted }, time),
      recorded(event, time),
      ...marks,
      recorded({ EventType: EventType.OrchestratorCompleted }, time),
    ],
    progress,
    effects: desk.effects,
    outcome,
    // The extension applies a status only when it is not null: it cannot be cleared.
    ...(customStatus === undefined || customStatus === null
      ? {}
      : { customStatus: JSON.stringify(customStatus) }),
    ...(desk.warning ? { warning: desk.warning } : {}),
  };
}

const completion = (status: keyof typeof STATUS_NUMBER, result: string | null) =>
  ({
    EventType: EventType.ExecutionCompleted,
    OrchestrationStatus: STATUS_NUMBER[status],
    Result: result,
  }) as const;

/** Suspend, resume and terminate ask the orchestrator nothing. */
export function controlled(event: Incoming, now: number): HistoryEvent[] {
  const time = netTime(now);
  return [
    recorded({ EventType: EventType.OrchestratorStarted }, time),
    recorded(event, time),
    ...(event.EventType === EventType.ExecutionTerminated
      ? [recorded(completion('Terminated', event.Input), time)]
      : []),
    recorded({ EventType: EventType.OrchestratorCompleted }, time),
  ];
}

function outcomeOf(
  of: Execution,
  decision: Decision,
  again: Action | undefined,
  { open, carried = [] }: Progress,
): Outcome {
  // TaskOrchestrationExecutor.ExecuteCore: nothing ends while a task is open, an uncancelled timer included.
  if (Object.keys(open).length > 0) return { kind: 'running' };
  if (decision.error) {
    return {
      kind: 'ended',
      status: 'Failed',
      output: `Orchestrator function '${of.name}' failed: ${decision.error}`,
    };
  }
  if (!decision.isDone) return { kind: 'running' };
  if (again) return { kind: 'continuedAsNew', input: json(again.input), carried };
  return { kind: 'ended', status: 'Completed', output: json(decision.output) };
}

const json = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);

/** Where ids are given out and work is noted down. */
class Desk {
  readonly scheduled: HistoryEvent[] = [];
  readonly effects: Effect[] = [];
  warning: string | undefined;

  constructor(
    private readonly of: Execution,
    readonly progress: Progress,
    private readonly now: number,
  ) {}

  /** What the delivered event means for the work that was open. */
  settle(event: Incoming): void {
    switch (event.EventType) {
      case EventType.TaskCompleted: {
        const open = this.#close(event.TaskScheduledId);
        if (open?.kind === 'http') this.#poll(open.request, event.Result);
        return;
      }
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed: {
        const open = this.#close(event.TaskScheduledId);
        if (open?.kind === 'call' && open.retry) this.#failed(open.retry, event);
        return;
      }
      case EventType.SubOrchestrationInstanceCompleted:
        this.#close(event.TaskScheduledId);
        return;
      case EventType.TimerFired:
        this.#fired(this.#close(event.TimerId));
        return;
      default:
    }
  }

  schedule(action: Action): void {
    if (action.compoundActions) {
      for (const inner of action.compoundActions) this.schedule(inner);
      return;
    }
    switch (action.actionType) {
      case ActionType.CallActivity:
      case ActionType.CallSubOrchestrator:
        return this.#call(action);
      case ActionType.CallActivityWithRetry:
      case ActionType.CallSubOrchestratorWithRetry:
        return this.#call(action, { action, attempt: 1, firstAttemptAt: this.now });
      case ActionType.CreateTimer:
        return this.#timer(action);
      case ActionType.CallHttp:
        return action.httpRequest && this.#http(action.httpRequest);
      case ActionType.CallEntity:
      case ActionType.SignalEntity:
      case ActionType.ScheduledSignalEntity:
        return this.#entity(action);
      case ActionType.WaitForExternalEvent:
      case ActionType.ContinueAsNew:
        return;
      default:
        throw new Error(
          `Received an unexpected action type from the out-of-proc function: '$${action.actionType}'.`,
        );
    }
  }

  /** A timer is cancelled by a mark on its action, at whatever time later. */
  cancelTimers(actions: readonly Action[]): void {
    for (const [position, action] of flat(actions).entries()) {
      const id = this.progress.timers[position];
      if (!action.isCanceled || id === undefined || !this.#close(id)) continue;
      this.effects.push({ kind: 'cancelTimer', timer: id });
    }
  }

  #add(event: Scheduled): number {
    const id = this.progress.nextId++;
    this.scheduled.push(recorded(event, netTime(this.now), id));
    return id;
  }

  #wait(id: number, open: Open): void {
    this.progress.open[id] = open;
  }

  /** An event for work that is not open any more is a repetition and means nothing. */
  #close(id: number): Open | undefined {
    const open = this.progress.open[id];
    delete this.progress.open[id];
    return open;
  }

  #call(action: Action, retry?: Retry): void {
    const { functionName: name = '', version = '' } = action;
    const input = json(action.input);
    const isActivity =
      action.actionType === ActionType.CallActivity || action.actionType === ActionType.CallActivityWithRetry;
    if (isActivity) {
      // DurableTask.Core keeps the list of parameters; here there is one.
      const kept = { Name: name, Version: '', Input: `[${input ?? 'null'}]` };
      const task = this.#add({ EventType: EventType.TaskScheduled, ...kept });
      this.effects.push({ kind: 'activity', task, name, input });
      this.#wait(task, { kind: 'call', ...(retry ? { retry } : {}) });
      return;
    }
    const instance = action.instanceId?.trim() || `${this.of.execution}:${this.progress.nextId}`;
    const kept = { InstanceId: instance, Name: name, Version: version, Input: input };
    const task = this.#add({ EventType: EventType.SubOrchestrationInstanceCreated, ...kept });
    this.effects.push({ kind: 'subOrchestration', task, instance, name, version, input });
    this.#wait(task, { kind: 'call', ...(retry ? { retry } : {}) });
  }

  #startTimer(due: number, open: Open): number {
    const timer = this.#add({ EventType: EventType.TimerCreated, FireAt: netTime(due) });
    this.effects.push({ kind: 'timer', timer, due });
    this.#wait(timer, open);
    return timer;
  }

  #timer({ fireAt = '', isCanceled }: Action): void {
    const position = this.progress.timers.length;
    const at = Date.parse(fireAt);
    const due = at - this.now > LONGEST_TIMER_MS ? this.now + TIMER_LEG_MS : at;
    // Cancelled in the very turn in which it was made: it has an id and never runs.
    const id = isCanceled
      ? this.#add({ EventType: EventType.TimerCreated, FireAt: netTime(due) })
      : this.#startTimer(due, { kind: 'timer', fireAt: at, position });
    this.progress.timers.push(id);
  }

  #fired(open: Open | undefined): void {
    if (open?.kind === 'timer') {
      const left = open.fireAt - this.now;
      if (left <= 0) return;
      const due = left < TIMER_LEG_MS ? open.fireAt : this.now + TIMER_LEG_MS;
      this.progress.timers[open.position] = this.#startTimer(due, open);
    } else if (open?.kind === 'retryDelay' && !open.isLast) {
      this.#call(open.retry.action, { ...open.retry, attempt: open.retry.attempt + 1 });
    } else if (open?.kind === 'pollDelay') {
      this.#http(open.request);
    }
  }

  /** RetryInterceptor.Invoke: which delay follows a failed attempt, if any. */
  #failed(retry: Retry, { FailureDetails }: Failure): void {
    const { retryOptions } = retry.action;
    if (!retryOptions) return;
    const giveUp = (why: string): void => {
      // The SDK waits for a delay that the extension does not schedule: the instance stays Running, in Azure too.
      this.warning = `Instance ${this.of.instance}: a call is not tried again after attempt ${retry.attempt} because ${why}, and durable-functions waits for ever; leave that option out.`;
    };
    if (FailureDetails?.IsNonRetriable) return giveUp('its failure says isNonRetriable');
    if (retry.attempt >= retryOptions.maxNumberOfAttempts) {
      this.#startTimer(this.now, { kind: 'retryDelay', retry, isLast: true });
      return;
    }
    const timeout = retryOptions.retryTimeoutInMilliseconds ?? Infinity;
    if (this.now >= retry.firstAttemptAt + timeout) return giveUp('retryTimeoutInMilliseconds has passed');
    const delay = Math.min(
      retryOptions.firstRetryIntervalInMilliseconds *
        (retryOptions.backoffCoefficient ?? 1) ** (retry.attempt - 1),
      retryOptions.maxRetryIntervalInMilliseconds ?? LONGEST_RETRY_DELAY_MS,
    );
    this.#startTimer(this.now + Math.round(delay), { kind: 'retryDelay', retry, isLast: false });
  }

  #http(request: HttpRequest): void {
    const kept = { Name: HTTP_ACTIVITY, Version: '', Input: `[${JSON.stringify(request)}]` };
    const task = this.#add({ EventType: EventType.TaskScheduled, ...kept });
    this.effects.push({ kind: 'http', task, request });
    this.#wait(task, { kind: 'http', request });
  }

  /** 202 with a Location is asked again there, until it answers something else (CallHttpAsync). */
  #poll(request: HttpRequest, result: string): void {
    const { statusCode, headers } = JSON.parse(result) as {
      statusCode: number;
      headers: Record<string, string>;
    };
    const location = headers['location'];
    if (statusCode !== 202 || request.asynchronousPatternEnabled === false || !location) return;
    const after = Number(headers['retry-after']);
    const wait = headers['retry-after'] === undefined || Number.isNaN(after) ? HTTP_POLL_MS : after * 1000;
    const kept = Object.entries(request.headers ?? {}).filter(
      // A function's key opens the start and not the status.
      ([name]) => name.toLowerCase() !== 'x-functions-key',
    );
    const next: HttpRequest = {
      method: 'GET',
      uri: location,
      headers: Object.fromEntries(kept),
      asynchronousPatternEnabled: true,
      ...(request.tokenSource === undefined ? {} : { tokenSource: request.tokenSource }),
    };
    this.#startTimer(this.now + wait, { kind: 'pollDelay', request: next });
  }

  #entity(action: Action): void {
    const { instance, execution } = this.of;
    const entity = action.instanceId ?? '';
    const isSignal = action.actionType !== ActionType.CallEntity;
    const due = action.scheduledTime ?? action.fireAt;
    const request: EntityRequest = {
      op: action.operation ?? '',
      signal: isSignal,
      input: json(action.input),
      id: requestId(execution, this.progress.nextId),
      parent: instance,
      parentExecution: execution,
      ...(action.actionType === ActionType.ScheduledSignalEntity && due ? { due: Date.parse(due) } : {}),
    };
    this.#add({
      EventType: EventType.EventSent,
      InstanceId: entity,
      Name: 'op',
      Input: JSON.stringify(request),
    });
    this.effects.push({ kind: 'entity', entity, request });
  }
}

/** The CreateTimer actions in the order in which they were scheduled. */
const flat = (actions: readonly Action[]): Action[] =>
  actions.flatMap((action) => {
    if (action.compoundActions) return flat(action.compoundActions);
    return action.actionType === ActionType.CreateTimer ? [action] : [];
  });

/** The reply is an event of this name, so it must be the same on every replay. */
const requestId = (execution: string, id: number): string =>
  createHash('sha256')
    .update(`${execution}:${id}`)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
