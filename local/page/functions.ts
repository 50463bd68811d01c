import { parseSchedule } from '../host/ncrontab';
import { fetchJson, type StackFile } from './stack-file';

interface AdminFunction {
  name: string;
  isDisabled: boolean;
  config: { bindings: { type: string; direction: string; schedule?: string; [name: string]: unknown }[] };
  invoke_url_template?: string;
}

const HISTORY_PAGE = 100;

const asked = (stack: StackFile, path: string, init: RequestInit = {}): Promise<unknown> =>
  fetchJson('The Functions host', `${stack.host.url}${path}`, {
    ...init,
    headers: { 'x-functions-key': stack.functionKeys.master, 'content-type': 'application/json' },
  });

export async function functions(stack: StackFile): Promise<unknown> {
  const [all, runs] = await Promise.all([
    asked(stack, '/admin/functions') as Promise<AdminFunction[]>,
    asked(stack, '/admin/_local/runs') as Promise<Record<string, unknown[]>>,
  ]);
  return all.map(({ name, isDisabled, config, invoke_url_template: url }) => {
    const trigger = config.bindings.find(({ type }) => /trigger$/i.test(type));
    const type = trigger?.type ?? '';
    const isTimer = type.toLowerCase() === 'timertrigger';
    return {
      name,
      trigger: type,
      what: url ?? trigger?.schedule ?? trigger?.['queueName'] ?? trigger?.['topicName'] ?? trigger?.['path'],
      next: isTimer && !isDisabled ? nextOf(trigger?.schedule) : undefined,
      isDisabled,
      isTimer,
      runs: runs[name] ?? [],
    };
  });
}

/** A schedule in a setting, or none that can be read here, has no next time to show. */
function nextOf(schedule: string | undefined): Date | undefined {
  try {
    return schedule ? parseSchedule(schedule, '').next(new Date()) : undefined;
  } catch {
    return undefined;
  }
}

export async function runNow(stack: StackFile, name: string): Promise<void> {
  await asked(stack, `/admin/functions/${encodeURIComponent(name)}`, {
    method: 'POST',
    body: '{"input":""}',
  });
}

const DURABLE = '/runtime/webhooks/durabletask/instances';

/** An app without Durable functions has no such address. */
export async function orchestrations(stack: StackFile): Promise<unknown> {
  const all = await asked(stack, `${DURABLE}?top=${HISTORY_PAGE}&showInput=false`).catch((error: unknown) => {
    if (error instanceof Error && 'status' in error && error.status === 404) return [];
    throw error;
  });
  return (all as { createdTime: string }[]).sort((a, b) => (a.createdTime < b.createdTime ? 1 : -1));
}

export const orchestration = (stack: StackFile, id: string): Promise<unknown> =>
  asked(stack, `${DURABLE}/${encodeURIComponent(id)}?showHistory=true&showHistoryOutput=true`);
