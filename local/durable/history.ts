/**
 * The history of an orchestration as the extension sends it to `durable-functions`: names and numbers are those of
 * DurableTask.Core (EventType.cs and the classes in History/).
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventSent: 14,
  EventRaised: 15,
  GenericEvent: 17,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;
type TypeOf<Name extends keyof typeof EventType> = (typeof EventType)[Name];

export interface FailureDetails {
  ErrorType: string;
  ErrorMessage: string;
  StackTrace?: string | undefined;
  IsNonRetriable: boolean;
  Properties?: unknown;
}

export interface Parent {
  instance: string;
  execution: string;
  name: string;
  task: number;
}

/** What the world tells an orchestration; exactly one of these is delivered in a turn. */
export type Incoming =
  | {
      EventType: TypeOf<'ExecutionStarted'>;
      Name: string;
      Version: string;
      Input: string | null;
      Tags: null;
      ParentInstance: object | null;
      OrchestrationInstance: { InstanceId: string; ExecutionId: string };
    }
  | { EventType: TypeOf<'TaskCompleted'>; TaskScheduledId: number; Result: string }
  | ({ EventType: TypeOf<'TaskFailed'>; TaskScheduledId: number } & Failure)
  | { EventType: TypeOf<'SubOrchestrationInstanceCompleted'>; TaskScheduledId: number; Result: string }
  | ({ EventType: TypeOf<'SubOrchestrationInstanceFailed'>; TaskScheduledId: number } & Failure)
  | { EventType: TypeOf<'TimerFired'>; TimerId: number; FireAt: string }
  | { EventType: TypeOf<'EventRaised'>; Name: string; Input: string }
  | { EventType: TypeOf<'GenericEvent'>; Data: string }
  | { EventType: TypeOf<'ExecutionTerminated'>; Input: string | null }
  | { EventType: TypeOf<'ExecutionSuspended'>; Reason: string | null }
  | { EventType: TypeOf<'ExecutionResumed'>; Reason: string | null };

export interface Failure {
  Reason: string;
  Details: string;
  FailureDetails?: FailureDetails;
}

/** What a turn adds for the work that the orchestrator asked for. `Input` is kept, and sent only when so configured. */
export type Scheduled =
  | { EventType: TypeOf<'TaskScheduled'>; Name: string; Version: string; Input: string | null }
  | {
      EventType: TypeOf<'SubOrchestrationInstanceCreated'>;
      InstanceId: string;
      Name: string;
      Version: string;
      Input: string | null;
    }
  | { EventType: TypeOf<'TimerCreated'>; FireAt: string }
  | { EventType: TypeOf<'EventSent'>; InstanceId: string; Name: string; Input: string };

type Marks =
  | { EventType: TypeOf<'OrchestratorStarted' | 'OrchestratorCompleted'> }
  | { EventType: TypeOf<'ExecutionCompleted'>; OrchestrationStatus: number; Result: string | null };

export type HistoryEvent = (Incoming | Scheduled | Marks) & {
  /** -1 for everything that the orchestrator did not schedule itself. */
  EventId: number;
  IsPlayed: boolean;
  Timestamp: string;
};

export const recorded = (
  event: Incoming | Scheduled | Marks,
  timestamp: string,
  eventId = -1,
): HistoryEvent => ({ ...event, EventId: eventId, IsPlayed: false, Timestamp: timestamp });

/** .NET writes times to 100 ns. */
export const netTime = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace('Z', '0000Z');

export type RuntimeStatus =
  'Pending' | 'Running' | 'Suspended' | 'Completed' | 'Failed' | 'Terminated' | 'ContinuedAsNew' | 'Canceled';

/** DurableTask.Core's OrchestrationStatus.cs. */
export const STATUS_NUMBER = { Completed: 1, Failed: 3, Terminated: 5 } as const;

const FINISHED: readonly RuntimeStatus[] = ['Completed', 'Failed', 'Terminated', 'Canceled'];
export const isFinished = (status: RuntimeStatus): boolean => FINISHED.includes(status);
