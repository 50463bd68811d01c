/**
 * Requests to `<entity>/$management`
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response).
 */
import { message as amqp, types } from 'rhea';
import { MalformedMessage, asBuffer, parseMessage, tokenOfUuid } from './codec';
import type { Refusal } from './entity/entity';
import { Queue, type Outcome, type SettleError } from './entity/queue';
import type { Topic } from './entity/topic';
import type { SubscriptionRules } from './entity/subscription-rules';
import type { Entity } from './namespace';
import { RuleError } from './rules';
import { decodeRule, encodeRule } from './rule-codes';

export interface Reply {
  status: number;
  description: string;
  condition?: string;
  body?: unknown;
}

const LOCK_LOST =
  'The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.';
const SESSION_LOCK_LOST = 'The session lock has expired. Accept the session again.';
const DEAD_LETTERED_TWICE = 'A message of a dead-letter queue cannot be dead-lettered again.';

export const whyNotSettled = (error: SettleError): string =>
  error === 'amqp:not-allowed'
    ? DEAD_LETTERED_TWICE
    : error === 'com.microsoft:session-lock-lost'
      ? SESSION_LOCK_LOST
      : LOCK_LOST;

const PEEK_LIMIT = 250;
const LONG = 0x81;
const STRING = 0xb1;
const TIMESTAMP = 0x83;

const OK: Reply = { status: 200, description: 'OK' };
const lockLost: Reply = {
  status: 410,
  description: LOCK_LOST,
  condition: 'com.microsoft:message-lock-lost',
};
const sessionLockLost: Reply = {
  status: 410,
  description: SESSION_LOCK_LOST,
  condition: 'com.microsoft:session-lock-lost',
};
const notFound = (description: string): Reply => ({
  status: 404,
  description,
  condition: 'com.microsoft:message-not-found',
});

export function manage(entity: Entity, operation: string, body: Body): Reply {
  const { node } = entity;
  switch (operation) {
    case 'com.microsoft:peek-message':
      return peek(node, body);
    case 'com.microsoft:schedule-message':
      return schedule(entity, body);
    case 'com.microsoft:cancel-scheduled-message':
      return node.cancelScheduled(body.numbers('sequence-numbers'))
        ? OK
        : notFound('The scheduled message was not found; it may have been enqueued or cancelled already.');
  }
  if (!(node instanceof Queue)) return notImplemented(operation);
  if (entity.rules && RULE_OPERATIONS.has(operation)) return manageRules(entity.rules, operation, body);
  if (SESSION_OPERATIONS.has(operation)) return manageSession(node, operation, body);
  switch (operation) {
    case 'com.microsoft:renew-lock': {
      const ends = node.renew(body.tokens('lock-tokens'));
      return ends ? { ...OK, body: { expirations: types.wrap_array(ends, TIMESTAMP, undefined) } } : lockLost;
    }
    case 'com.microsoft:receive-by-sequence-number':
      return receiveDeferred(node, body);
    case 'com.microsoft:update-disposition':
      return settle(node, body);
    default:
      return notImplemented(operation);
  }
}

const SESSION_OPERATIONS = new Set([
  'com.microsoft:renew-session-lock',
  'com.microsoft:get-session-state',
  'com.microsoft:set-session-state',
  'com.microsoft:get-message-sessions',
]);

function manageSession(queue: Queue, operation: string, body: Body): Reply {
  if (!queue.settings.requiresSession) {
    return { status: 400, description: `'${queue.path}' has no sessions.`, condition: 'amqp:not-allowed' };
  }
  const id = body.text('session-id') ?? '';
  switch (operation) {
    case 'com.microsoft:renew-session-lock': {
      const until = queue.renewSession(id);
      return until === undefined
        ? sessionLockLost
        : { ...OK, body: { expiration: types.wrap_timestamp(until) } };
    }
    case 'com.microsoft:get-session-state': {
      const found = queue.sessionState(id);
      if (!found) return sessionLockLost;
      const state = found.state && types.wrap_binary(asBuffer(found.state));
      return { ...OK, body: { 'session-state': state } };
    }
    case 'com.microsoft:set-session-state':
      return queue.setSessionState(id, body.bytes('session-state')) ? OK : sessionLockLost;
    default: {
      const [skip = 0] = body.numbers('skip');
      const [top = Infinity] = body.numbers('top');
      const ids = queue.sessionsSince(body.time('last-updated-time') ?? 0).slice(skip, skip + top);
      if (ids.length === 0) return { status: 204, description: 'NoContent' };
      return {
        ...OK,
        body: {
          skip: types.wrap_int(skip + ids.length),
          'sessions-ids': types.wrap_array(ids, STRING, undefined),
        },
      };
    }
  }
}

const RULE_OPERATIONS = new Set([
  'com.microsoft:add-rule',
  'com.microsoft:remove-rule',
  'com.microsoft:enumerate-rules',
]);

function manageRules(rules: SubscriptionRules, operation: string, body: Body): Reply {
  const name = body.text('rule-name') ?? '';
  switch (operation) {
    case 'com.microsoft:add-rule':
      try {
        if (rules.add(decodeRule(name, body.map('rule-description')))) return OK;
      } catch (error) {
        if (!(error instanceof RuleError)) throw error;
        return { status: 400, description: error.message, condition: 'com.microsoft:argument-error' };
      }
      return {
        status: 409,
        description: `The messaging entity '${name}' already exists.`,
        condition: 'com.microsoft:entity-already-exists',
      };
    case 'com.microsoft:remove-rule':
      if (rules.remove(name)) return OK;
      return {
        status: 404,
        description: `The messaging entity '${name}' could not be found.`,
        condition: 'amqp:not-found',
      };
    default: {
      const [skip = 0] = body.numbers('skip');
      const [top = Infinity] = body.numbers('top');
      const found = rules.list.slice(skip, skip + top);
      if (found.length === 0) return { status: 204, description: 'NoContent' };
      return {
        ...OK,
        body: { rules: types.wrap_list(found.map(({ definition }) => encodeRule(definition))) },
      };
    }
  }
}

function notImplemented(operation: string): Reply {
  return {
    status: 501,
    description: `The local Service Bus endpoint does not support the operation ${operation}.`,
    condition: 'amqp:not-implemented',
  };
}

function peek(node: Queue | Topic, body: Body): Reply {
  const [from] = body.numbers('from-sequence-number');
  const [count] = body.numbers('message-count');
  const most = Math.min(count ?? 1, PEEK_LIMIT);
  const found = node.peek(from ?? 0, most, body.text('session-id'));
  if (found.length === 0)
    return { status: 204, description: 'NoContent', condition: 'com.microsoft:message-not-found' };
  return { ...OK, body: { messages: types.wrap_list(found.map((message) => types.wrap_map({ message }))) } };
}

function schedule({ node, maxMessageSize }: Entity, body: Body): Reply {
  if (maxMessageSize === undefined) {
    return { status: 400, description: 'Nothing can be sent to this entity.', condition: 'amqp:not-allowed' };
  }
  const raw = body.maps('messages').map((item) => item['message']);
  const messages = raw.map((bytes) => {
    if (!Buffer.isBuffer(bytes)) throw new MalformedMessage('a scheduled message is missing');
    return { size: bytes.length, incoming: parseMessage(bytes) };
  });
  if (messages.some(({ size }) => size > maxMessageSize)) {
    const description = `The message is larger than the limit of ${maxMessageSize} bytes.`;
    return { status: 400, description, condition: 'amqp:link:message-size-exceeded' };
  }
  const refusal = node.refusal(messages.map(({ incoming }) => incoming));
  if (refusal) return refused(refusal);
  // A duplicate is accepted and dropped; 0 stands where its number would be.
  const sequences = messages.map(({ incoming }) => node.enqueue(incoming) ?? 0);
  return { ...OK, body: { 'sequence-numbers': types.wrap_array(sequences, LONG, undefined) } };
}

function refused({ condition, description }: Refusal): Reply {
  return { status: condition === 'amqp:resource-limit-exceeded' ? 403 : 400, description, condition };
}

function receiveDeferred(queue: Queue, body: Body): Reply {
  const [mode] = body.numbers('receiver-settle-mode');
  const found = queue.takeDeferred(body.numbers('sequence-numbers'), mode === 0, body.text('session-id'));
  if (!found) return notFound('Failed to lock one or more specified messages. The message does not exist.');
  const messages = found.map(({ token, bytes }) =>
    types.wrap_map({
      message: bytes,
      ...(token === null
        ? {}
        : { 'lock-token': types.wrap_uuid(Buffer.from(token.replaceAll('-', ''), 'hex')) }),
    }),
  );
  return { ...OK, body: { messages: types.wrap_list(messages) } };
}

function settle(queue: Queue, body: Body): Reply {
  const outcome = outcomeOf(body);
  if (!outcome)
    return { status: 400, description: 'Unknown disposition-status.', condition: 'amqp:invalid-field' };
  for (const token of body.tokens('lock-tokens')) {
    const error = queue.settle(token, outcome);
    if (error === 'amqp:not-allowed')
      return { status: 400, description: whyNotSettled(error), condition: error };
    if (error) return error === 'com.microsoft:session-lock-lost' ? sessionLockLost : lockLost;
  }
  return OK;
}

function outcomeOf(body: Body): Outcome | undefined {
  const properties = { ...body.map('properties-to-modify') };
  switch (body.text('disposition-status')) {
    case 'completed':
      return { kind: 'complete' };
    case 'abandoned':
      return { kind: 'abandon', properties };
    case 'defered':
      return { kind: 'defer', properties };
    case 'suspended': {
      const reason = body.text('deadletter-reason');
      const description = body.text('deadletter-description');
      if (reason !== undefined) properties['DeadLetterReason'] = reason;
      if (description !== undefined) properties['DeadLetterErrorDescription'] = description;
      return { kind: 'dead-letter', properties };
    }
    default:
      return undefined;
  }
}

/** The map in a request's body, read by the type that each field must have. */
export class Body {
  private readonly fields: Record<string, unknown>;

  constructor(value: unknown) {
    this.fields = isRecord(value) ? value : {};
  }

  text(key: string): string | undefined {
    const value = this.fields[key];
    return typeof value === 'string' ? value : undefined;
  }

  /** One number or many; rhea leaves a long beyond 2^53 as bytes. */
  numbers(key: string): number[] {
    const value = this.fields[key];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.flatMap((item) => {
      if (typeof item === 'number') return [item];
      return Buffer.isBuffer(item) && item.length === 8 ? [Number(item.readBigInt64BE())] : [];
    });
  }

  tokens(key: string): string[] {
    const value = this.fields[key];
    const list: unknown[] = Array.isArray(value) ? value : [];
    return list.map((item) => (Buffer.isBuffer(item) && item.length === 16 ? tokenOfUuid(item) : ''));
  }

  bytes(key: string): Buffer | null {
    const value = this.fields[key];
    return Buffer.isBuffer(value) ? value : null;
  }

  /** Milliseconds. */
  time(key: string): number | undefined {
    const value = this.fields[key];
    return value instanceof Date ? value.getTime() : undefined;
  }

  map(key: string): Record<string, unknown> {
    const value = this.fields[key];
    return isRecord(value) ? value : {};
  }

  maps(key: string): Record<string, unknown>[] {
    const value = this.fields[key];
    return Array.isArray(value) ? value.filter(isRecord) : [];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}

/** A request message as sent to `$management` or `$cbs`. */
export interface Request {
  id: unknown;
  replyTo: string;
  properties: Record<string, unknown>;
  body: unknown;
}

export function parseRequest(raw: Buffer): Request {
  const message = amqp.decode(raw);
  return {
    id: message['message_id'],
    replyTo: String(message['reply_to'] ?? ''),
    properties: message['application_properties'] ?? {},
    body: message['body'],
  };
}

export function encodeReply(request: Request, reply: Reply): Buffer {
  const trackingId = request.properties['com.microsoft:tracking-id'];
  return amqp.encode({
    correlation_id: request.id,
    to: request.replyTo,
    application_properties: {
      statusCode: types.wrap_int(reply.status),
      statusDescription: reply.description,
      ...(reply.condition ? { errorCondition: types.wrap_symbol(reply.condition) } : {}),
      ...(trackingId === undefined ? {} : { 'com.microsoft:tracking-id': trackingId }),
    },
    body: reply.body ?? null,
  });
}
