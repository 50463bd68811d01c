/**
 * The HTTP API (HttpApiHandler.cs), served twice: to durable-functions on a port of its own without a key, and to
 * everybody on the host's port with the system key. Both answer alike, down to what they do not check.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from './client';
import { entityName } from './entity';
import { ArgumentError, messageOf, StateError } from './errors';
import { isFinished, type RuntimeStatus } from './history';
import { statusOf, valueOf } from './status';
import type { Instance } from './store';
import { managementUrls, type Addresses } from './urls';

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** JSON; absent for an empty body. */
  body?: unknown;
}

interface Call {
  method: string;
  /** Below the base path, decoded. */
  segments: string[];
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
  /** Of the address that was asked. */
  url: URL;
}

const PAGE = 100;
const STATUS_RETRY_SECONDS = '5';
const START_RETRY_SECONDS = '10';
const RUNTIME_STATUSES: readonly string[] = [
  'Running',
  'Completed',
  'ContinuedAsNew',
  'Failed',
  'Canceled',
  'Terminated',
  'Pending',
  'Suspended',
] satisfies RuntimeStatus[];

export class Api {
  constructor(
    private readonly client: Client,
    private readonly addresses: Addresses,
  ) {}

  async handle(req: IncomingMessage, res: ServerResponse, basePath: string): Promise<void> {
    const url = new URL(req.url ?? '/', `http://${req.headers.host ?? 'localhost'}`);
    const segments = url.pathname.slice(basePath.length).split('/').filter(Boolean);
    const call: Call = {
      method: req.method ?? 'GET',
      segments: segments.map(decoded),
      query: url.searchParams,
      headers: req.headers,
      body: await text(req),
      url,
    };
    const { status, headers, body } = await this.#answer(call);
    await this.client.settled();
    const content = body === undefined ? undefined : JSON.stringify(body);
    res.writeHead(status, {
      ...headers,
      ...(content === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      'content-length': Buffer.byteLength(content ?? ''),
    });
    res.end(content);
  }

  async #answer(call: Call): Promise<Answer> {
    try {
      const hub = parameter(call.query, 'taskHub');
      if (hub && hub.toLowerCase() !== this.addresses.hubName.toLowerCase()) {
        throw new ArgumentError(
          `The task hub "${hub}" is not of this host, which has the one task hub "${this.addresses.hubName}".`,
        );
      }
      return await this.#route(call);
    } catch (error) {
      if (error instanceof ArgumentError) {
        return failure(400, 'One or more of the arguments submitted is incorrect', error, error.type);
      }
      const type = error instanceof StateError ? error.type : 'System.Exception';
      return failure(500, 'Something went wrong while processing your request', error, type);
    }
  }

  async #route(call: Call): Promise<Answer> {
    const { method, segments } = call;
    const [first = '', second, third, fourth, ...more] = segments;
    if (more.length > 0) return { status: 404 };
    switch (first.toLowerCase()) {
      case 'orchestrators':
        return method === 'POST' && second && !fourth ? this.#start(call, second, third) : { status: 404 };
      case 'entities':
        return fourth ? { status: 404 } : this.#entity(call, second ?? '', third ?? '');
      case 'instances':
        if (second === undefined) return this.#instances(call);
        if (third === undefined) return this.#instance(call, second);
        return method === 'POST'
          ? this.#operation(call, second, third.toLowerCase(), fourth)
          : { status: 404 };
      default:
        return { status: 404 };
    }
  }

  async #start(call: Call, name: string, id: string | undefined): Promise<Answer> {
    const input = call.body.trim() === '' ? null : call.body.trim();
    if (input !== null && !isJson(input)) return failure(400, 'Invalid JSON content');
    const version = call.query.get('version') ?? undefined;
    const started = await this.client.start(name, id, input === 'null' ? null : input, version);
    return this.#started(call, started);
  }

  /** With `timeout` and `pollingInterval` the answer waits for the end. */
  async #started(call: Call, id: string): Promise<Answer> {
    const timeout = seconds(call.query, 'timeout');
    const interval = seconds(call.query, 'pollingInterval');
    if (timeout === undefined || interval === undefined) return this.#checkStatus(call, id);
    if (interval > timeout) {
      throw new ArgumentError(
        `Total timeout ${timeout / 1000} should be bigger than retry timeout ${interval / 1000}`,
      );
    }
    const end = Date.now() + timeout;
    let instance = this.client.instance(id);
    while (instance && !isFinished(instance.status) && Date.now() < end) {
      await delay(Math.min(interval, Math.max(end - Date.now(), 1)));
      instance = this.client.instance(id);
    }
    if (instance?.status === 'Completed') return { status: 200, body: valueOf(instance.output) };
    if (instance && isFinished(instance.status)) return this.#status(call, instance);
    return this.#checkStatus(call, id);
  }

  #checkStatus({ url }: Call, id: string): Answer {
    const { rewindPostUri, ...urls } = managementUrls(url.origin, id, this.addresses);
    void rewindPostUri;
    const headers = { location: urls.statusQueryGetUri, 'retry-after': START_RETRY_SECONDS };
    return { status: 202, headers, body: urls };
  }

  async #instances({ method, query, headers }: Call): Promise<Answer> {
    const from = time(query, 'createdTimeFrom');
    const statuses = statusesOf(query);
    const filter = { from, to: time(query, 'createdTimeTo'), ...(statuses ? { statuses } : {}) };
    if (method === 'DELETE') {
      if (from === undefined) {
        return { status: 400, body: "Please provide value for 'createdTimeFrom' parameter." };
      }
      const instancesDeleted = await this.client.purgeBy(filter);
      return instancesDeleted ? { status: 200, body: { instancesDeleted } } : { status: 404 };
    }
    if (method !== 'GET') return { status: 404 };
    const prefix = parameter(query, 'instanceIdPrefix');
    const showInput = flag(query, 'showInput', true);
    const page = this.client.list({ ...filter, prefix }, pageStart(headers), pageSize(query));
    return {
      status: 200,
      headers: continuation(page.next),
      body: page.instances.map((instance) => statusOf(instance, { input: showInput })),
    };
  }

  async #instance(call: Call, id: string): Promise<Answer> {
    const instance = this.client.instance(id);
    if (call.method === 'DELETE') {
      return (await this.client.purge(id)) ? { status: 200, body: { instancesDeleted: 1 } } : { status: 404 };
    }
    return call.method === 'GET' && instance ? this.#status(call, instance) : { status: 404 };
  }

  #status({ query, url }: Call, instance: Instance): Answer {
    const shown = {
      input: flag(query, 'showInput', true),
      historyOutput: flag(query, 'showHistoryOutput', false),
      ...(flag(query, 'showHistory', false) ? { history: this.client.history(instance.id) } : {}),
    };
    const body = statusOf(instance, shown);
    if (!isFinished(instance.status)) {
      return { status: 202, headers: { location: url.href, 'retry-after': STATUS_RETRY_SECONDS }, body };
    }
    const isError = instance.status === 'Failed' && flag(query, 'returnInternalServerErrorOnFailure', false);
    return { status: isError ? 500 : 200, body };
  }

  async #operation(
    call: Call,
    id: string,
    operation: string,
    eventName: string | undefined,
  ): Promise<Answer> {
    if ((operation === 'raiseevent') !== (eventName !== undefined)) return { status: 404 };
    const instance = this.client.instance(id);
    if (operation === 'restart') {
      if (!instance) {
        const missing = new ArgumentError(`An orchestration with the instanceId ${id} was not found.`);
        return failure(
          400,
          'InstanceId does not match a valid orchestration instance.',
          missing,
          missing.type,
        );
      }
      const restarted = await this.client.restart(
        instance,
        flag(call.query, 'restartWithNewInstanceId', true),
      );
      return this.#started(call, restarted);
    }
    if (!instance) return { status: 404 };
    const reason = call.query.get('reason');
    const isGone = isFinished(instance.status);
    const accepted: Answer = { status: 202 };
    switch (operation) {
      case 'rewind':
        if (isGone && instance.status !== 'Failed') return { status: 410 };
        await this.client.rewind(instance, reason);
        return accepted;
      case 'raiseevent':
        return isGone ? { status: 410 } : this.#raise(call, instance, eventName ?? '');
      case 'terminate':
      case 'suspend':
      case 'resume':
        if (isGone) return { status: 410 };
        await this.client[operation](instance, reason);
        return accepted;
      default:
        return { status: 404 };
    }
  }

  async #raise({ headers, body }: Call, instance: Instance, name: string): Promise<Answer> {
    if (!isJsonType(headers)) return failure(400, 'Only application/json request content is supported');
    if (!isJson(body)) return failure(400, 'Invalid JSON content');
    await this.client.raise(instance, name, body.trim());
    return { status: 202 };
  }

  async #entity({ method, query, headers, body }: Call, name: string, key: string): Promise<Answer> {
    if (method === 'GET' && key === '') return this.#entities(query, headers, name);
    if (method === 'GET') {
      // An empty key cannot be in a path.
      const entity = this.client.entity(name, key === '$' ? '' : key);
      return entity?.exists ? { status: 200, body: valueOf(entity.state) } : { status: 404 };
    }
    if (method !== 'POST' && method !== 'DELETE') return { status: 404 };
    const op = method === 'DELETE' ? 'delete' : (parameter(query, 'op') ?? '');
    const isJsonInput = isJsonType(headers);
    if (body !== '' && isJsonInput && !isJson(body)) return failure(400, 'Could not parse JSON content');
    const input = body === '' ? null : isJsonInput ? body.trim() : JSON.stringify(body);
    await this.client.signal(name, key, op, input);
    return { status: 202 };
  }

  #entities(query: URLSearchParams, headers: IncomingMessage['headers'], name: string): Answer {
    const from = time(query, 'lastOperationTimeFrom') ?? -Infinity;
    const to = time(query, 'lastOperationTimeTo') ?? Infinity;
    const showState = flag(query, 'fetchState', false);
    const page = this.client.entities(name, pageStart(headers), pageSize(query));
    return {
      status: 200,
      headers: continuation(page.next),
      body: page.entities
        .filter(({ lastOperation }) => lastOperation >= from && lastOperation <= to)
        .map((entity) => ({
          entityId: entityName(entity.id),
          lastOperationTime: new Date(entity.lastOperation).toISOString(),
          ...(showState ? { state: valueOf(entity.state) } : {}),
        })),
    };
  }
}

/** The body that ASP.NET makes of an error and an exception. */
const failure = (status: number, message: string, error?: unknown, type?: string): Answer => ({
  status,
  body: {
    Message: message,
    ...(error === undefined ? {} : { ExceptionMessage: messageOf(error), ExceptionType: type }),
  },
});

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function isJson(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

const isJsonType = (headers: IncomingMessage['headers']): boolean =>
  headers['content-type']?.split(';')[0]?.trim().toLowerCase() === 'application/json';

const parameter = (query: URLSearchParams, name: string): string | undefined =>
  [...query].find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];

/** As .NET's TryParse: what is not one of its words counts as absent. */
function flag(query: URLSearchParams, name: string, fallback: boolean): boolean {
  const value = parameter(query, name)?.trim().toLowerCase();
  return value === 'true' || (value === 'false' ? false : fallback);
}

function time(query: URLSearchParams, name: string): number | undefined {
  const value = Date.parse(parameter(query, name) ?? '');
  return Number.isNaN(value) ? undefined : value;
}

function seconds(query: URLSearchParams, name: string): number | undefined {
  const value = Number(parameter(query, name) ?? NaN);
  return Number.isNaN(value) ? undefined : value * 1000;
}

/** Unknown names are left out, and a list of nothing else is no condition. */
function statusesOf(query: URLSearchParams): string[] | undefined {
  const names = (parameter(query, 'runtimeStatus') ?? '').split(',').map((name) => name.trim());
  const known = names.filter((name) => RUNTIME_STATUSES.includes(name));
  return known.length ? known : undefined;
}

function pageSize(query: URLSearchParams): number {
  const value = Number(parameter(query, 'top') ?? NaN);
  return Number.isInteger(value) && value > 0 ? value : PAGE;
}

const CONTINUATION = 'x-ms-continuation-token';
const continuation = (next: string | undefined): Record<string, string> =>
  next === undefined ? {} : { [CONTINUATION]: Buffer.from(next).toString('base64url') };

function pageStart(headers: IncomingMessage['headers']): string {
  const token = headers[CONTINUATION];
  return typeof token === 'string' ? Buffer.from(token, 'base64url').toString() : '';
}
