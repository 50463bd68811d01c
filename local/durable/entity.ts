/** Entities as pure functions: a batch of requests in, new state, replies and signals out (TaskEntityShim.cs). */

export interface EntityRequest {
  op: string;
  signal: boolean;
  /** JSON. */
  input: string | null;
  id: string;
  /** The orchestration that waits for the reply. */
  parent?: string;
  parentExecution?: string;
  /** Not before this time. */
  due?: number;
}

export interface EntityState {
  exists: boolean;
  /** JSON. */
  state: string | null;
}

/** `@name@key`, the name in lower case: one entity whatever the spelling. */
export const entityId = (name: string, key: string): string => `@${name.toLowerCase()}@${key}`;

export function entityName(id: string): { name: string; key: string } | undefined {
  const [, name, key] = /^@([^@]+)@(.*)$/s.exec(id) ?? [];
  return name === undefined || key === undefined ? undefined : { name, key };
}

export const entityPayload = (id: string, before: EntityState, batch: readonly EntityRequest[]): string =>
  JSON.stringify({
    self: entityName(id),
    exists: before.exists,
    state: before.state,
    batch: batch.map(({ op, input, signal }) => ({ name: op, input, isSignal: signal })),
  });

interface Answer {
  entityExists: boolean;
  entityState?: string | null;
  results: { isError: boolean; result?: string | null }[];
  signals: { target: { name: string; key: string }; name: string; input?: string | null }[];
}

export interface EntityOutcome {
  after: EntityState;
  /** `EventRaised` of the request's id, for the orchestration that called. */
  replies: { instance: string; execution: string | null; name: string; input: string }[];
  signals: { entity: string; op: string; input: string | null }[];
}

export function entityOutcome(answer: string, batch: readonly EntityRequest[]): EntityOutcome {
  const { entityExists, entityState, results, signals } = JSON.parse(answer) as Answer;
  return {
    after: { exists: entityExists, state: entityState ?? null },
    replies: batch.flatMap((request, position) => {
      if (request.signal || !request.parent) return [];
      const result = results[position];
      return [replyTo(request, request.parent, result?.result ?? null, result?.isError ?? false)];
    }),
    signals: signals.map(({ target, name, input }) => ({
      entity: entityId(target.name, target.key),
      op: name,
      input: input || null,
    })),
  };
}

/** The answer to a call that no function can take. */
export const failedReply = (request: EntityRequest, message: string): EntityOutcome['replies'] =>
  request.signal || !request.parent ? [] : [replyTo(request, request.parent, JSON.stringify(message), true)];

const replyTo = (request: EntityRequest, parent: string, result: string | null, isError: boolean) => ({
  instance: parent,
  execution: request.parentExecution ?? null,
  name: request.id,
  input: JSON.stringify({ result, ...(isError ? { exceptionType: 'Error' } : {}) }),
});
