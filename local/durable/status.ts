/** How an instance looks to a client (HttpApiHandler.ConvertFrom, DurableClient.GetDurableOrchestrationStatusAsync). */
import { EventType, STATUS_NUMBER, type HistoryEvent } from './history';
import type { Instance } from './store';

export interface Shown {
  input: boolean;
  /** Absent where it was not asked for. */
  history?: readonly HistoryEvent[];
  historyOutput?: boolean;
}

export const statusOf = (instance: Instance, shown: Shown): object => ({
  name: instance.name,
  instanceId: instance.id,
  runtimeStatus: instance.status,
  input: shown.input ? valueOf(instance.input) : null,
  customStatus: valueOf(instance.customStatus),
  output: valueOf(instance.output),
  createdTime: seconds(instance.created),
  lastUpdatedTime: seconds(instance.updated),
  historyEvents:
    shown.history && instance.status !== 'Pending'
      ? historyView(shown.history, shown.input, shown.historyOutput ?? false)
      : null,
});

const seconds = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** JSON, or the text as it is: the reason of a termination is one. */
export function valueOf(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const TYPE_NAMES = Object.fromEntries(Object.entries(EventType).map(([name, number]) => [number, name]));
const STATUS_NAMES = Object.fromEntries(
  Object.entries(STATUS_NUMBER).map(([name, number]) => [number, name]),
);

type Item = Record<string, unknown>;

/** The turns' own marks go, and what was scheduled is told with its result. */
export function historyView(
  history: readonly HistoryEvent[],
  showInput: boolean,
  showOutput: boolean,
): Item[] {
  const scheduled = new Map<number, Item>();
  const absorbed = new Set<Item>();
  const items = history.map((event): Item => {
    const { EventId, IsPlayed, EventType: type, ...rest } = event;
    void IsPlayed;
    const item: Item = { EventType: TYPE_NAMES[type], ...rest };
    const complete = (hasResult: boolean): void => {
      const cause = scheduled.get(item['TaskScheduledId'] as number);
      if (cause) {
        absorbed.add(cause);
        item['ScheduledTime'] = cause['Timestamp'];
        item['FunctionName'] = cause['Name'];
        if (showInput) item['Input'] = cause['Input'];
      }
      delete item['TaskScheduledId'];
      if (hasResult) showResult(item, showOutput);
    };
    switch (type) {
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated:
        delete item['Version'];
        scheduled.set(EventId, item);
        break;
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        complete(true);
        break;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        complete(false);
        break;
      case EventType.ExecutionStarted:
        item['FunctionName'] = item['Name'];
        for (const field of ['Name', 'OrchestrationInstance', 'ParentInstance', 'Version', 'Tags'])
          delete item[field];
        break;
      case EventType.ExecutionCompleted:
        item['OrchestrationStatus'] = STATUS_NAMES[event.OrchestrationStatus];
        showResult(item, showOutput);
        break;
      case EventType.TimerFired:
        delete item['TimerId'];
        break;
      default:
    }
    if (!showInput) delete item['Input'];
    return item;
  });
  const isMark = ({ EventType: name }: Item): boolean =>
    name === 'OrchestratorStarted' || name === 'OrchestratorCompleted';
  return items.filter((item) => !isMark(item) && !absorbed.has(item));
}

function showResult(item: Item, show: boolean): void {
  if (show) item['Result'] = valueOf(item['Result'] as string | null);
  else delete item['Result'];
}
