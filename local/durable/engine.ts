/**
 * Runs orchestrations, activities and entities. Whatever happens is first written down in one step and then acted
 * upon; after a crash the same acts follow from the file: messages are delivered, calls made again, timers armed.
 * Functions therefore run at least once, and what is known of each run counts once.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock';
import { decisionOf, decisionOfFailure, type Decision, type HttpRequest } from './decision';
import { entityName, entityOutcome, entityPayload, failedReply, type EntityRequest } from './entity';
import { messageOf } from './errors';
import { FunctionFailed, unknownFunction, type FunctionKind, type Functions } from './functions';
import {
  EventType,
  isFinished,
  netTime,
  recorded,
  type Failure,
  type FailureDetails,
  type Incoming,
  type Parent,
} from './history';
import { callHttp } from './http-call';
import { Lane } from './lane';
import { newProgress } from './progress';
import type { DurableSettings } from './settings';
import type { Instance, Message, PendingCall, PendingTimer, Store } from './store';
import { controlled, HTTP_POLL_MS, takeTurn, type Effect, type Turn } from './turn';

/** Before a function whose process was lost is run again. */
const LOST_DELAY_MS = 500;

export class Engine {
  readonly #orchestrations: Lane<string>;
  readonly #calls: Lane<PendingCall>;
  readonly #entities: Lane<string>;
  #disarm: () => void = () => undefined;
  #isRunning = false;
  #isClosed = false;

  constructor(
    private readonly store: Store,
    private readonly functions: Functions,
    private readonly settings: DurableSettings,
    private readonly clock: Clock,
    private readonly log: (line: string) => void,
  ) {
    const { maxConcurrentOrchestrators, maxConcurrentActivities, maxConcurrentEntities } = settings;
    this.#orchestrations = new Lane(maxConcurrentOrchestrators, (id) =>
      this.#guarded(`Instance ${id}`, () => this.#deliver(id)),
    );
    this.#calls = new Lane(maxConcurrentActivities, (call) =>
      this.#guarded(`Activity ${call.name} of instance ${call.instance}`, () => this.#call(call)),
    );
    this.#entities = new Lane(maxConcurrentEntities, (id) =>
      this.#guarded(`Entity ${id}`, () => this.#operate(id)),
    );
  }

  /** Takes up everything that the file says is to be done. */
  start(): void {
    for (const call of this.store.calls()) this.#addCall(call);
    for (const id of this.store.recipients()) this.wake(id);
    this.resume();
  }

  resume(): void {
    this.#isRunning = true;
    for (const lane of [this.#orchestrations, this.#calls, this.#entities]) lane.resume();
    this.tick();
  }

  /** No new work; what runs goes on and its result is still written down. */
  pause(): void {
    this.#isRunning = false;
    for (const lane of [this.#orchestrations, this.#calls, this.#entities]) lane.pause();
    this.#disarm();
  }

  close(): void {
    this.pause();
    this.#isClosed = true;
  }

  /** A step, and when it is written down what follows from it. */
  async take(step: () => (() => void)[]): Promise<true> {
    for (const act of await this.store.step(step)) act();
    return true;
  }

  /** There is a message for this instance. */
  wake(instance: string): void {
    this.#orchestrations.add(instance, instance);
  }

  /** Delivers what is due and waits for what is next. */
  tick(): void {
    if (!this.#isRunning) return;
    const now = this.clock.now();
    const due = this.store.dueTimers(now);
    if (due.length > 0)
      void this.#guarded('Timers', () => this.#fire(due)).then((isDone) => isDone || this.tick());
    for (const id of this.store.waitingEntities(now)) this.#entities.add(id, id);
    this.#disarm();
    const next = this.store.nextDue(now);
    if (next !== undefined) this.#disarm = this.clock.at(next, () => this.tick());
  }

  /** There may be more of them than one look gives. */
  #fire(due: readonly PendingTimer[]): Promise<true> {
    return this.take(() => {
      for (const timer of due) {
        this.store.dropTimer(timer);
        const fired = { TimerId: timer.timer, FireAt: netTime(timer.due) };
        this.store.post(timer.instance, { EventType: EventType.TimerFired, ...fired }, timer.execution);
      }
      return [
        ...due.map(
          ({ instance }) =>
            () =>
              this.wake(instance),
        ),
        () => this.tick(),
      ];
    });
  }

  /** Part of a step: a new instance, in the place of an old one of its id, with its first message. */
  create(of: {
    id: string;
    name: string;
    version: string;
    input: string | null;
    parent: Parent | null;
  }): void {
    this.store.clear(of.id);
    const now = this.clock.now();
    const rest = { output: null, customStatus: null, progress: newProgress() };
    this.#begin({ ...of, ...rest, execution: '', status: 'Pending', created: now, updated: now });
  }

  #begin(instance: Instance): void {
    const { id, name, version, input, parent } = instance;
    const execution = randomUUID().replaceAll('-', '');
    this.store.putInstance({ ...instance, execution });
    const started: Incoming = {
      EventType: EventType.ExecutionStarted,
      Name: name,
      Version: version,
      Input: input,
      Tags: null,
      ParentInstance: parent && {
        Name: parent.name,
        OrchestrationInstance: { InstanceId: parent.instance, ExecutionId: parent.execution },
        TaskScheduleId: parent.task,
        Version: '',
      },
      OrchestrationInstance: { InstanceId: id, ExecutionId: execution },
    };
    this.store.post(id, started, execution);
  }

  /** Work never ends in an exception; a function whose process was lost has more to do. */
  async #guarded(what: string, work: () => Promise<boolean> | boolean): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      if (this.#isRunning) {
        this.log(`${what} is tried again: ${messageOf(error)}`);
        await delay(LOST_DELAY_MS, undefined, { ref: false });
      }
      return false;
    }
  }

  /** Runs a function; what it threw is a result, a lost process is not. */
  async #run(
    kind: FunctionKind,
    name: string,
    input: string | undefined,
    instance: string,
  ): Promise<{ json: string } | { failure: FunctionFailed }> {
    const found = this.functions.find(kind, name);
    if (!found) {
      const message = unknownFunction(this.functions, kind, name);
      return { failure: new FunctionFailed(message, message, 'unknown') };
    }
    try {
      return { json: await this.functions.run(kind, found, input, instance) };
    } catch (error) {
      // An orchestrator or entity that takes too long is run again, as by the extension.
      const isFinal =
        error instanceof FunctionFailed &&
        (error.reason === 'threw' || (error.reason === 'timeout' && kind === 'activity'));
      if (isFinal) return { failure: error };
      throw error;
    }
  }

  // Orchestrations

  /** One message of one instance; true when there was none left. */
  async #deliver(id: string): Promise<boolean> {
    const first = this.store.nextMessage(id, false);
    if (!first) return true;
    const instance = this.store.instance(id);
    const message = instance?.status === 'Suspended' ? this.store.nextMessage(id, true) : first;
    if (!message) return true;
    const { execution, event, seq } = message;
    const isStale = !instance || (execution !== null && execution !== instance.execution);
    if (isStale || isFinished(instance.status)) {
      await this.store.step(() => this.store.dropMessage(seq));
      return false;
    }
    const now = Math.max(this.clock.now(), instance.updated);
    if (
      event.EventType === EventType.ExecutionSuspended ||
      event.EventType === EventType.ExecutionResumed ||
      event.EventType === EventType.ExecutionTerminated
    ) {
      await this.#control(instance, message, now);
      return false;
    }
    const decision = await this.#decide(instance, event, now);
    if (this.#isClosed) return true;
    const turn = takeTurn({ instance: id, ...instance }, event, decision, now);
    if (turn.warning) this.log(turn.warning);
    await this.#record(instance, seq, turn, now);
    return false;
  }

  async #decide(instance: Instance, event: Incoming, now: number): Promise<Decision> {
    const past = this.store.wire(instance.id);
    const time = netTime(now);
    const recent = [recorded({ EventType: EventType.OrchestratorStarted }, time), recorded(event, time)];
    const context = {
      input: instance.input === null ? null : (JSON.parse(instance.input) as unknown),
      instanceId: instance.id,
      isReplaying: past.length > 0,
      parentInstanceId: instance.parent?.instance ?? null,
      // 2 is "V3"; entity locks, which need "V4", are not supported and the SDK says so.
      upperSchemaVersion: 1,
      upperSchemaVersionNew: 2,
      longRunningTimerIntervalDuration: '3.00:00:00',
      maximumShortTimerDuration: '6.00:00:00',
      defaultHttpAsyncRequestSleepTimeMillseconds: HTTP_POLL_MS,
    };
    const history = [...past, ...recent.map((each) => JSON.stringify(each))].join(',');
    const payload = `{"history":[${history}],${JSON.stringify(context).slice(1)}`;
    const answer = await this.#run('orchestrator', instance.name, payload, instance.id);
    return 'json' in answer ? decisionOf(answer.json) : decisionOfFailure(answer.failure.message);
  }

  /** The step of a turn, and then what it asked for. */
  #record(instance: Instance, seq: number, turn: Turn, now: number): Promise<boolean> {
    const { outcome, progress } = turn;
    const customStatus = turn.customStatus ?? instance.customStatus;
    const next: Instance = { ...instance, status: 'Running', updated: now, progress, customStatus };
    return this.take(() => {
      this.store.dropMessage(seq);
      // It may have been purged or replaced while its orchestrator ran.
      if (this.store.executionOf(next.id) !== next.execution) return [];
      if (outcome.kind === 'continuedAsNew') {
        // What it asked for before it started over is still done, and nobody waits for the result.
        const acts = turn.effects.flatMap((effect) => this.#effect(next, effect));
        this.store.clear(next.id, true);
        this.#begin({ ...next, input: outcome.input, created: now, progress: newProgress() });
        for (const event of outcome.carried) this.store.post(next.id, event);
        return acts;
      }
      this.store.append(next.id, turn.history, this.settings.storesInputs);
      const acts = turn.effects.flatMap((effect) => this.#effect(next, effect));
      if (outcome.kind === 'running') this.store.putInstance(next);
      else acts.push(...this.#end({ ...next, status: outcome.status, output: outcome.output }));
      return acts;
    });
  }

  /** Suspend, resume and terminate. */
  #control(instance: Instance, { seq, event }: Message, now: number): Promise<boolean> {
    return this.take(() => {
      this.store.dropMessage(seq);
      this.store.append(instance.id, controlled(event, now), this.settings.storesInputs);
      const next = { ...instance, updated: now };
      if (event.EventType === EventType.ExecutionTerminated) {
        return this.#end({ ...next, status: 'Terminated', output: event.Input });
      }
      const isSuspended = event.EventType === EventType.ExecutionSuspended;
      this.store.putInstance({ ...next, status: isSuspended ? 'Suspended' : 'Running' });
      return [];
    });
  }

  /** Part of a step: nothing of the instance goes on, and its parent hears of it. */
  #end(instance: Instance): (() => void)[] {
    const { id, status, output, parent } = instance;
    this.store.putInstance(instance);
    this.store.dropWork(id);
    if (!parent) return [];
    const task = { TaskScheduledId: parent.task };
    const text = output ?? '';
    const event: Incoming =
      status === 'Completed'
        ? { EventType: EventType.SubOrchestrationInstanceCompleted, ...task, Result: output ?? 'null' }
        : {
            EventType: EventType.SubOrchestrationInstanceFailed,
            ...task,
            Reason: text,
            Details: text,
          };
    this.store.post(parent.instance, event, parent.execution);
    return [() => this.wake(parent.instance)];
  }

  /** Part of a step: writes down what a turn asked for; the answer does it. */
  #effect(of: Instance, effect: Effect): (() => void)[] {
    const { id: instance, execution } = of;
    switch (effect.kind) {
      case 'activity':
      case 'http': {
        const isHttp = effect.kind === 'http';
        const name = isHttp ? effect.request.uri : effect.name;
        const input = isHttp ? JSON.stringify(effect.request) : effect.input;
        return this.plan({ instance, execution, task: effect.task, kind: effect.kind, name, input });
      }
      case 'timer':
        this.store.addTimer({ instance, execution, timer: effect.timer, due: effect.due });
        return [() => this.tick()];
      case 'cancelTimer':
        this.store.dropTimer({ instance, execution, timer: effect.timer });
        return [];
      case 'subOrchestration':
        return this.#createChild(of, effect);
      case 'entity':
        return this.send(effect.entity, effect.request);
    }
  }

  #createChild(of: Instance, effect: Extract<Effect, { kind: 'subOrchestration' }>): (() => void)[] {
    const { task, instance, name, version, input } = effect;
    const found = this.functions.find('orchestrator', name);
    const running = this.store.instance(instance);
    const reason = !found
      ? unknownFunction(this.functions, 'orchestrator', name)
      : running && !isFinished(running.status)
        ? `An orchestration instance with the id ${instance} is ${running.status} already.`
        : undefined;
    if (reason !== undefined) {
      const failure = { TaskScheduledId: task, Reason: reason, Details: reason };
      const event: Incoming = { EventType: EventType.SubOrchestrationInstanceFailed, ...failure };
      this.store.post(of.id, event, of.execution);
      return [() => this.wake(of.id)];
    }
    const parent = { instance: of.id, execution: of.execution, name: of.name, task };
    const { defaultVersion } = this.settings;
    this.create({ id: instance, name: found ?? name, version: version || defaultVersion, input, parent });
    return [() => this.wake(instance)];
  }

  // Activities

  /** Part of a step: an activity to run. */
  plan(call: PendingCall): (() => void)[] {
    this.store.addCall(call);
    return [() => this.#addCall(call)];
  }

  #addCall(call: PendingCall): void {
    this.#calls.add(`${call.instance}\n${call.execution}\n${call.task}`, call);
  }

  async #call(call: PendingCall): Promise<boolean> {
    const event = await this.#resultOf(call);
    if (this.#isClosed) return true;
    return this.take(() => {
      // Its instance may have ended meanwhile.
      if (!this.store.dropCall(call)) return [];
      this.store.post(call.instance, event, call.execution);
      return [() => this.wake(call.instance)];
    });
  }

  async #resultOf({ kind, name, input, instance, task }: PendingCall): Promise<Incoming> {
    const done = { EventType: EventType.TaskCompleted, TaskScheduledId: task } as const;
    const failed = { EventType: EventType.TaskFailed, TaskScheduledId: task } as const;
    if (kind === 'http') {
      try {
        return { ...done, Result: await callHttp(JSON.parse(input ?? '{}') as HttpRequest) };
      } catch (error) {
        return { ...failed, Reason: messageOf(error), Details: messageOf(error) };
      }
    }
    const value: unknown = input === null ? undefined : JSON.parse(input);
    // A text arrives as it is, everything else as JSON: the trigger binds to a string.
    const text = typeof value === 'string' ? value : (input ?? undefined);
    const answer = await this.#run('activity', name, text, instance);
    return 'json' in answer
      ? { ...done, Result: answer.json }
      : { ...failed, ...failureOf(name, answer.failure) };
  }

  // Entities

  /** Part of a step: a request for an entity; one that no function can take is refused to the caller. */
  send(entity: string, request: EntityRequest): (() => void)[] {
    const name = entityName(entity)?.name ?? '';
    if (this.functions.find('entity', name)) {
      this.store.addRequest(entity, request);
      return [() => this.tick()];
    }
    const message = unknownFunction(this.functions, 'entity', name);
    this.log(`A request for ${entity} cannot be served: ${message}`);
    return failedReply(request, message).map((reply) => this.#reply(reply));
  }

  #reply(reply: { instance: string; execution: string | null; name: string; input: string }): () => void {
    const event: Incoming = { EventType: EventType.EventRaised, Name: reply.name, Input: reply.input };
    this.store.post(reply.instance, event, reply.execution);
    return () => this.wake(reply.instance);
  }

  /** One batch of an entity's requests; true when there was none. */
  async #operate(id: string): Promise<boolean> {
    const batch = this.store.batch(id, this.clock.now(), this.settings.maxEntityBatch);
    if (batch.length === 0) return true;
    const requests = batch.map(({ request }) => request);
    const before = this.store.entity(id) ?? { exists: false, state: null };
    const answer = await this.#run(
      'entity',
      entityName(id)?.name ?? '',
      entityPayload(id, before, requests),
      id,
    );
    if (this.#isClosed) return true;
    await this.take(() => {
      for (const { seq } of batch) this.store.dropRequest(seq);
      if ('failure' in answer) {
        const { message } = answer.failure;
        return requests
          .flatMap((request) => failedReply(request, message))
          .map((reply) => this.#reply(reply));
      }
      const { after, replies, signals } = entityOutcome(answer.json, requests);
      this.store.putEntity({ id, ...after, lastOperation: this.clock.now() });
      return [
        ...replies.map((reply) => this.#reply(reply)),
        ...signals.flatMap(({ entity, op, input }) =>
          this.send(entity, { op, input, signal: true, id: randomUUID() }),
        ),
      ];
    });
    return false;
  }
}

/** TaskActivityShim.RunAsync; the message may be the SDK's JSON of the failure's details. */
function failureOf(name: string, failure: FunctionFailed): Failure {
  const { message, details, reason } = failure;
  if (reason === 'unknown') return { Reason: message, Details: details };
  const given = detailsOf(message);
  return {
    Reason: `Activity function '${name}' failed: ${given?.ErrorMessage ?? message}`,
    Details: details,
    ...(given ? { FailureDetails: given } : {}),
  };
}

function detailsOf(message: string): FailureDetails | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    const { errorType, errorMessage, stackTrace, isNonRetriable, properties } = JSON.parse(message) as Record<
      string,
      unknown
    >;
    if (typeof errorType !== 'string') return undefined;
    return {
      ErrorType: errorType,
      ErrorMessage: String(errorMessage ?? ''),
      ...(typeof stackTrace === 'string' ? { StackTrace: stackTrace } : {}),
      IsNonRetriable: isNonRetriable === true,
      Properties: properties,
    };
  } catch {
    return undefined;
  }
}
