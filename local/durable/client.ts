/** What a client may ask of the task hub (DurableClient.cs): every answer is about something that is in the file. */
import { randomUUID } from 'node:crypto';
import type { Clock } from './clock';
import { entityId, entityName } from './entity';
import type { Engine } from './engine';
import { ArgumentError, StateError } from './errors';
import { unknownFunction, type Functions } from './functions';
import { EventType, isFinished, type HistoryEvent, type Incoming } from './history';
import { rewound } from './rewind';
import type { DurableSettings } from './settings';
import type { Entity, Filter, Instance, Store } from './store';

const MAX_ID_LENGTH = 256;
const INVALID_CHARACTER = /[/\\?#\u0000-\u001f\u007f-\u009f]/;
const PURGE_PAGE = 500;

export class Client {
  constructor(
    private readonly store: Store,
    private readonly engine: Engine,
    private readonly functions: Functions,
    private readonly settings: DurableSettings,
    private readonly clock: Clock,
  ) {}

  async start(
    name: string,
    id: string | undefined,
    input: string | null,
    version: string | undefined,
  ): Promise<string> {
    const found = this.functions.find('orchestrator', name);
    if (!found) throw new ArgumentError(unknownFunction(this.functions, 'orchestrator', name));
    const instance = id === undefined || id === '' ? randomUUID().replaceAll('-', '') : checked(id);
    const old = this.store.instance(instance);
    if (old && !isFinished(old.status) && !this.settings.replacesRunning) {
      throw new StateError(
        `An Orchestration instance with the status ${old.status} already exists.`,
        'DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException',
      );
    }
    const { defaultVersion } = this.settings;
    const given = { id: instance, name: found, version: version ?? defaultVersion, input, parent: null };
    await this.engine.take(() => {
      this.engine.create(given);
      return [() => this.engine.wake(instance)];
    });
    return instance;
  }

  instance(id: string): Instance | undefined {
    return this.store.instance(id);
  }

  history(id: string): HistoryEvent[] {
    return this.store.history(id);
  }

  /** One page more than there is says whether another follows. */
  list(filter: Filter, after: string, limit: number): { instances: Instance[]; next: string | undefined } {
    const found = this.store.list(filter, after, limit + 1);
    const instances = found.slice(0, limit);
    return { instances, next: found.length > limit ? instances.at(-1)?.id : undefined };
  }

  raise(instance: Instance, name: string, input: string): Promise<void> {
    return this.#post(instance.id, { EventType: EventType.EventRaised, Name: name, Input: input });
  }

  terminate({ id }: Instance, reason: string | null): Promise<void> {
    return this.#post(id, { EventType: EventType.ExecutionTerminated, Input: reason });
  }

  async suspend({ id, status }: Instance, reason: string | null): Promise<void> {
    if (status === 'Suspended') {
      throw new StateError(
        `Cannot suspend the orchestration instance ${id} because instance is in the ${status} state.`,
      );
    }
    await this.#post(id, { EventType: EventType.ExecutionSuspended, Reason: reason });
  }

  async resume({ id, status }: Instance, reason: string | null): Promise<void> {
    if (status !== 'Suspended') {
      throw new StateError(
        `Cannot resume the orchestration instance ${id} because instance is in the ${status} state.`,
      );
    }
    await this.#post(id, { EventType: EventType.ExecutionResumed, Reason: reason });
  }

  async rewind({ id, status }: Instance, reason: string | null): Promise<void> {
    if (status !== 'Failed') {
      throw new StateError('The rewind operation is only supported on failed orchestration instances.');
    }
    await this.engine.take(() => this.#rewind(id, reason ?? ''));
  }

  /** Part of a step, for an instance and its failed children; the answer sets going what is to be done again. */
  #rewind(id: string, reason: string): (() => void)[] {
    const instance = this.store.instance(id);
    if (!instance) return [];
    const { execution } = instance;
    const updated = this.clock.now();
    const result = rewound(this.store.history(id), instance.progress);
    if (!result) {
      // The extension rewinds all the same, and the replay then fails the instance.
      const output =
        'Non-Deterministic workflow detected: after a failed call more was scheduled, so that the instance cannot be rewound.';
      this.store.putInstance({ ...instance, updated, output });
      return [];
    }
    const { storesInputs } = this.settings;
    this.store.replaceHistory(id, result.history, storesInputs);
    this.store.putInstance({
      ...instance,
      status: 'Running',
      output: null,
      updated,
      progress: result.progress,
    });
    const acts = [
      ...result.calls.flatMap((call) => this.engine.plan({ instance: id, execution, ...call })),
      ...result.children.flatMap((child) => this.#rewind(child, reason)),
    ];
    if (result.children.length === 0) {
      this.store.post(id, { EventType: EventType.GenericEvent, Data: reason }, execution);
      acts.push(() => this.engine.wake(id));
    }
    return acts;
  }

  restart(of: Instance, withNewId: boolean): Promise<string> {
    return this.start(of.name, withNewId ? undefined : of.id, of.input, of.version || undefined);
  }

  /** Only what has ended is removed by a filter; by id anything is. */
  purge(id: string): Promise<boolean> {
    const existed = this.store.instance(id) !== undefined;
    return this.store.step(() => {
      if (existed) this.store.purge(id);
      return entityName(id) ? this.store.purgeEntity(id) : existed;
    });
  }

  async purgeBy(filter: Filter): Promise<number> {
    const ended = {
      ...filter,
      statuses: filter.statuses ?? ['Completed', 'Failed', 'Terminated', 'Canceled'],
    };
    let deleted = 0;
    for (let page = this.store.list(ended, '', PURGE_PAGE); page.length > 0;) {
      const last = page.at(-1)?.id ?? '';
      const finished = page.filter(({ status }) => isFinished(status));
      await this.store.step(() => finished.forEach(({ id }) => this.store.purge(id)));
      deleted += finished.length;
      page = this.store.list(ended, last, PURGE_PAGE);
    }
    return deleted;
  }

  async signal(name: string, key: string, op: string, input: string | null): Promise<void> {
    if (INVALID_CHARACTER.test(key)) {
      throw new ArgumentError('Entity keys must not contain /, \\, #, ?, or control characters.');
    }
    if (!this.functions.find('entity', name)) {
      throw new ArgumentError(unknownFunction(this.functions, 'entity', name));
    }
    const request = { op, input, signal: true, id: randomUUID() };
    await this.engine.take(() => this.engine.send(entityId(name, key), request));
  }

  entity(name: string, key: string): Entity | undefined {
    return this.store.entity(entityId(name, key));
  }

  entities(name: string, after: string, limit: number): { entities: Entity[]; next: string | undefined } {
    const found = this.store.entities(name === '' ? '@' : entityId(name, ''), after, limit + 1);
    const entities = found.slice(0, limit);
    return { entities, next: found.length > limit ? entities.at(-1)?.id : undefined };
  }

  async #post(id: string, event: Incoming): Promise<void> {
    await this.engine.take(() => {
      this.store.post(id, event);
      return [() => this.engine.wake(id)];
    });
  }

  /** Nobody is told what a crash could take back. */
  settled(): Promise<void> {
    return this.store.settled();
  }
}

/** DurableClient.StartNewAsync. */
function checked(id: string): string {
  if (id.startsWith('@')) throw new ArgumentError('Orchestration instance ids must not start with @.');
  if (INVALID_CHARACTER.test(id)) {
    throw new ArgumentError(
      'Orchestration instance ids must not contain /, \\, #, ?, or control characters.',
    );
  }
  if (id.length > MAX_ID_LENGTH) {
    throw new ArgumentError(`Instance ID lengths must not exceed ${MAX_ID_LENGTH} characters.`);
  }
  return id;
}
