import type { Action, HttpRequest } from './decision';
import type { Incoming } from './history';

/** A call with a retry policy, between its attempts. */
export interface Retry {
  action: Action;
  /** Attempts made, the current one included. */
  attempt: number;
  firstAttemptAt: number;
}

/** Work that an execution waits for. It does not complete before all of it is done, as in DurableTask.Core. */
export type Open =
  | { kind: 'call'; retry?: Retry }
  | { kind: 'http'; request: HttpRequest }
  /** `position` among the CreateTimer actions; a long timer has one leg open at a time. */
  | { kind: 'timer'; fireAt: number; position: number }
  | { kind: 'retryDelay'; retry: Retry; isLast: boolean }
  | { kind: 'pollDelay'; request: HttpRequest };

/** What one execution of an orchestration must remember beside its history to go on. */
export interface Progress {
  nextId: number;
  /** How many of the orchestrator's actions have been scheduled. */
  seen: number;
  open: Record<string, Open>;
  /** Id of the latest leg of each CreateTimer action. */
  timers: number[];
  /** It has asked to start over: events that arrive until it can are for the next execution. */
  carried?: Incoming[];
}

export const newProgress = (): Progress => ({ nextId: 0, seen: 0, open: {}, timers: [] });
