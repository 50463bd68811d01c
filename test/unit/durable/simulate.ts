import { decisionOf, decisionOfFailure, type Decision } from '../../../local/durable/decision';
import {
  EventType,
  netTime,
  recorded,
  type HistoryEvent,
  type Incoming,
} from '../../../local/durable/history';
import { newProgress } from '../../../local/durable/progress';
import { takeTurn, type Effect, type Outcome } from '../../../local/durable/turn';

// The library's replay is not among its exports, and has no types.
const { Orchestrator } = jest.requireActual<{
  Orchestrator: new (orchestrator: unknown) => { handle(trigger: object, context: object): Promise<unknown> };
}>('durable-functions/lib/src/orchestrations/Orchestrator');

/** What the outside answers: the result of an activity or child, or an exception. */
export type World = (name: string, input: unknown) => unknown;

export interface Simulated {
  outcome: Outcome;
  history: HistoryEvent[];
  /** How much work was still open at the end. */
  open: number;
  elapsed: number;
}

const START = Date.UTC(2026, 0, 1);
const MAX_TURNS = 500;

/**
 * The pure machinery against the library's real replay, without a clock and without a network: work completes in the
 * order in which `pick` draws it.
 */
export async function simulate(
  // The library's type names a context that only its host can make.
  orchestrator: (context: never) => Generator<unknown, unknown, unknown>,
  world: World,
  pick: (choices: number) => number = () => 0,
): Promise<Simulated> {
  const of = { instance: 'i', execution: 'e', name: 'o' };
  let progress = newProgress();
  let now = START;
  const history: HistoryEvent[] = [];
  const work: { due: number; id: number; event: Incoming }[] = [];
  let event: Incoming = {
    EventType: EventType.ExecutionStarted,
    Name: 'o',
    Version: '',
    Input: null,
    Tags: null,
    ParentInstance: null,
    OrchestrationInstance: { InstanceId: 'i', ExecutionId: 'e' },
  };
  for (let turns = 0; turns < MAX_TURNS; turns += 1) {
    const time = netTime(now);
    const decision = await decide(orchestrator, [
      ...history.map((each) => ({ ...each, IsPlayed: true })),
      recorded({ EventType: EventType.OrchestratorStarted }, time),
      recorded(event, time),
    ]);
    const turn = takeTurn({ ...of, progress }, event, decision, now);
    history.push(...turn.history);
    progress = turn.progress;
    for (const effect of turn.effects) {
      if (effect.kind === 'cancelTimer') {
        const at = work.findIndex(({ id }) => id === effect.timer);
        if (at >= 0) work.splice(at, 1);
      } else work.push(resultOf(effect, world, now));
    }
    if (turn.outcome.kind !== 'running' || work.length === 0) {
      const open = Object.keys(progress.open).length;
      return { outcome: turn.outcome, history, open, elapsed: now - START };
    }
    const soonest = Math.min(...work.map(({ due }) => due));
    const ready = work.filter(({ due }) => due <= Math.max(soonest, now));
    const next = ready[pick(ready.length)] ?? ready[0];
    if (!next) throw new Error('Nothing is ready.');
    work.splice(work.indexOf(next), 1);
    now = Math.max(now, next.due);
    event = next.event;
  }
  throw new Error(`The orchestration did not end within ${MAX_TURNS} turns.`);
}

async function decide(orchestrator: unknown, history: HistoryEvent[]): Promise<Decision> {
  const binding = {
    history: JSON.parse(JSON.stringify(history)) as unknown,
    input: null,
    instanceId: 'i',
    isReplaying: false,
    parentInstanceId: null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 2,
    longRunningTimerIntervalDuration: '3.00:00:00',
    maximumShortTimerDuration: '6.00:00:00',
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  };
  try {
    const state = await new Orchestrator(orchestrator).handle(binding, {});
    return decisionOf(JSON.stringify(state));
  } catch (error) {
    return decisionOfFailure((error as Error).message);
  }
}

function resultOf(effect: Exclude<Effect, { kind: 'cancelTimer' }>, world: World, now: number) {
  switch (effect.kind) {
    case 'timer': {
      const fired = { TimerId: effect.timer, FireAt: netTime(effect.due) };
      return { due: effect.due, id: effect.timer, event: { EventType: EventType.TimerFired, ...fired } };
    }
    case 'entity': {
      const input = JSON.stringify({ result: JSON.stringify(world('entity', effect.request.op) ?? null) });
      const event = { EventType: EventType.EventRaised, Name: effect.request.id, Input: input };
      return { due: now, id: -1, event };
    }
    case 'http':
    case 'activity':
    case 'subOrchestration': {
      const isChild = effect.kind === 'subOrchestration';
      const name = effect.kind === 'http' ? 'http' : effect.name;
      const input: unknown = effect.kind === 'http' ? effect.request : JSON.parse(effect.input ?? 'null');
      const task = { TaskScheduledId: effect.task };
      let event: Incoming;
      try {
        const Result = JSON.stringify(world(name, input) ?? null);
        event = isChild
          ? { EventType: EventType.SubOrchestrationInstanceCompleted, ...task, Result }
          : { EventType: EventType.TaskCompleted, ...task, Result };
      } catch (error) {
        const failure = { Reason: (error as Error).message, Details: 'details' };
        event = isChild
          ? { EventType: EventType.SubOrchestrationInstanceFailed, ...task, ...failure }
          : { EventType: EventType.TaskFailed, ...task, ...failure };
      }
      return { due: now, id: effect.task, event };
    }
  }
}
