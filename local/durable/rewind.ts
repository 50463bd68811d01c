/**
 * Rewind of a failed orchestration (AzureTableTrackingStore.RewindHistoryAsync): the failures leave the history, what
 * failed is done again under its old id, everything that succeeded stays.
 */
import type { HttpRequest } from './decision';
import { EventType, type HistoryEvent } from './history';
import type { Progress } from './progress';
import { HTTP_ACTIVITY } from './turn';

export interface Rewound {
  history: HistoryEvent[];
  progress: Progress;
  calls: { task: number; kind: 'activity' | 'http'; name: string; input: string | null }[];
  children: string[];
}

/** Undefined where what was scheduled after a failure would no longer be: the replay would not be deterministic. */
export function rewound(history: readonly HistoryEvent[], progress: Progress): Rewound | undefined {
  const next = structuredClone(progress);
  const failed = new Set<number>();
  const kept: HistoryEvent[] = [];
  for (const event of history) {
    switch (event.EventType) {
      case EventType.ExecutionCompleted:
        continue;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        failed.add(event.TaskScheduledId);
        continue;
      default:
        if (event.EventId >= 0 && failed.size > 0) return undefined;
        kept.push(event);
    }
  }
  const calls: Rewound['calls'] = [];
  const children: string[] = [];
  for (const event of kept) {
    if (!failed.has(event.EventId)) continue;
    next.open[event.EventId] = { kind: 'call' };
    if (event.EventType === EventType.SubOrchestrationInstanceCreated) children.push(event.InstanceId);
    if (event.EventType !== EventType.TaskScheduled) continue;
    const [input] = JSON.parse(event.Input ?? '[null]') as [unknown];
    const kind = event.Name === HTTP_ACTIVITY ? 'http' : 'activity';
    if (kind === 'http') next.open[event.EventId] = { kind, request: input as HttpRequest };
    calls.push({
      task: event.EventId,
      kind,
      name: event.Name,
      input: input === null ? null : JSON.stringify(input),
    });
  }
  return { history: kept, progress: next, calls, children };
}
