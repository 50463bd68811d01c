/**
 * What an orchestrator function answers: the whole list of its actions since the beginning, and how it ended if it did.
 * The shapes are those of durable-functions 3.5 (lib/src/actions, lib/src/orchestrations/OrchestratorState).
 */
export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  ScheduledSignalEntity: 10,
  WhenAny: 11,
  WhenAll: 12,
} as const;

export interface RetryOptions {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
}

export interface HttpRequest {
  method: string;
  uri: string;
  content?: string;
  headers?: Record<string, string | string[]>;
  tokenSource?: unknown;
  asynchronousPatternEnabled?: boolean;
}

export interface Action {
  actionType: number;
  functionName?: string;
  input?: unknown;
  instanceId?: string;
  version?: string;
  retryOptions?: RetryOptions;
  fireAt?: string;
  scheduledTime?: string;
  isCanceled?: boolean;
  externalEventName?: string;
  operation?: string;
  httpRequest?: HttpRequest;
  compoundActions?: Action[];
}

export interface Decision {
  isDone: boolean;
  /** One level, in the order in which the orchestrator first waited for them. */
  actions: readonly Action[];
  output?: unknown;
  customStatus?: unknown;
  error?: string;
}

/** Before the JSON of the state in the message of an orchestrator that threw. */
const STATE_MARK = '$OutOfProcData$:';

interface State {
  isDone?: boolean;
  actions?: Action[][];
  output?: unknown;
  customStatus?: unknown;
  error?: string;
}

export function decisionOf(answer: string | undefined): Decision {
  const { isDone = false, actions = [], ...rest } = JSON.parse(answer ?? '{}') as State;
  return { isDone, actions: actions[0] ?? [], ...rest };
}

/** An orchestrator that threw says what it had decided until then; any other failure leaves that unknown. */
export function decisionOfFailure(message: string): Decision {
  const at = message.indexOf(STATE_MARK);
  if (at < 0) return { isDone: false, actions: [], error: message };
  const decision = decisionOf(message.slice(at + STATE_MARK.length));
  return { ...decision, error: decision.error ?? message.slice(0, at).trim() };
}
