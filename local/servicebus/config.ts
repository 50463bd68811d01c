/**
 * The config.json of Microsoft's Service Bus emulator
 * (https://learn.microsoft.com/azure/service-bus-messaging/test-locally-with-service-bus-emulator).
 * A property that this endpoint cannot honour is refused, so that nobody tests against behaviour that is not there.
 */
import { parseDuration } from './duration';
import type { Status } from './entity/entity';
import type { QueueSettings } from './entity/queue';
import type { TopicSettings } from './entity/topic';
import {
  RuleError,
  compileRule,
  type FilterDefinition,
  type RuleDefinition,
  type SystemProperty,
} from './rules';

class ConfigError extends Error {}

export interface QueueConfig extends QueueSettings {
  name: string;
  maxMessageSize: number;
}
export interface SubscriptionConfig extends QueueSettings {
  name: string;
  rules: RuleDefinition[];
}
export interface TopicConfig extends TopicSettings {
  name: string;
  defaultTimeToLive: number | null;
  maxMessageSize: number;
  subscriptions: SubscriptionConfig[];
}
export interface EmulatorConfig {
  queues: QueueConfig[];
  topics: TopicConfig[];
}

/** The service's limits (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas). */
const STANDARD_TIER_MESSAGE_KB = 256;
const PREMIUM_TIER_MESSAGE_KB = 102_400;
const DEFAULT_ENTITY_MB = 1024;
const PREMIUM_TIER_ENTITY_MB = 81_920;
const MAX_LOCK_DURATION = 300_000;
const MAX_DUPLICATE_WINDOW = 604_800_000;

export function parseEmulatorConfig(json: unknown): EmulatorConfig {
  const root = new Reader(json, 'config');
  const namespaces = root.object('UserConfig').list('Namespaces');
  const [namespace] = namespaces;
  if (!namespace || namespaces.length > 1)
    throw root.object('UserConfig').error('Namespaces', 'exactly one namespace');
  namespace.onlyKeys('Name', 'Queues', 'Topics');
  const queues = namespace.list('Queues').map(readQueue);
  const topics = namespace.list('Topics').map(readTopic);
  rejectDuplicates([...queues, ...topics], 'config.UserConfig.Namespaces[0]');
  rejectUnknownTargets(queues, topics);
  return { queues, topics };
}

/** A queue or topic of the same namespace, and not the entity itself, as the service demands. */
function rejectUnknownTargets(queues: readonly QueueConfig[], topics: readonly TopicConfig[]): void {
  const known = new Set([...queues, ...topics].map(({ name }) => name.toLowerCase()));
  for (const { name, forwardTo, forwardDeadLettersTo } of [
    ...queues,
    ...topics.flatMap(({ subscriptions }) => subscriptions),
  ]) {
    for (const target of [forwardTo, forwardDeadLettersTo]) {
      if (target === null) continue;
      if (!known.has(target.toLowerCase()))
        throw new ConfigError(
          `"${name}" forwards to "${target}", which is no queue or topic of this namespace.`,
        );
      if (target.toLowerCase() === name.toLowerCase()) throw new ConfigError(`"${name}" forwards to itself.`);
    }
  }
}

function readQueue(queue: Reader): QueueConfig {
  queue.onlyKeys('Name', 'Properties');
  const properties = queue.object('Properties');
  properties.onlyKeys(...RECEIVING, ...SENDING, ...WITHOUT_LOCAL_EFFECT);
  const duplicateWindow = readDuplicateWindow(properties);
  return {
    name: queue.name(),
    ...readReceiving(properties),
    duplicateWindow,
    maxSize: readMaxSize(properties),
    maxMessageSize: readSize(properties),
  };
}

function readTopic(topic: Reader): TopicConfig {
  topic.onlyKeys('Name', 'Properties', 'Subscriptions');
  const properties = topic.object('Properties');
  properties.onlyKeys(...SENDING, 'DefaultMessageTimeToLive', ...WITHOUT_LOCAL_EFFECT);
  const subscriptions = topic.list('Subscriptions').map(readSubscription);
  rejectDuplicates(subscriptions, topic.path);
  return {
    name: topic.name(),
    duplicateWindow: readDuplicateWindow(properties),
    maxSize: readMaxSize(properties),
    status: readStatus(properties),
    defaultTimeToLive: properties.duration('DefaultMessageTimeToLive', Infinity) ?? null,
    maxMessageSize: readSize(properties),
    subscriptions,
  };
}

function readSubscription(subscription: Reader): SubscriptionConfig {
  subscription.onlyKeys('Name', 'Properties', 'Rules');
  const properties = subscription.object('Properties');
  properties.onlyKeys(...RECEIVING, ...WITHOUT_LOCAL_EFFECT);
  const rules = subscription.list('Rules').map(readRule);
  rejectDuplicates(rules, subscription.path);
  return {
    name: subscription.name(),
    ...readReceiving(properties),
    duplicateWindow: null,
    // The topic's quota counts what its subscriptions hold.
    maxSize: Infinity,
    // A subscription without rules has the default rule, which is always true.
    rules: rules.length > 0 ? rules : [{ name: '$Default', filter: { kind: 'true' } }],
  };
}

function readRule(rule: Reader): RuleDefinition {
  rule.onlyKeys('Name', 'Properties');
  const properties = rule.object('Properties');
  properties.onlyKeys('FilterType', 'CorrelationFilter', 'SqlFilter', 'Action');
  const action = properties.object('Action').text('SqlExpression');
  const definition = {
    name: rule.text('Name') ?? '',
    filter: readFilter(properties),
    ...(action ? { action } : {}),
  };
  try {
    compileRule(definition);
  } catch (error) {
    if (error instanceof RuleError) throw new ConfigError(`${properties.path}: ${error.message}`);
    throw error;
  }
  return definition;
}

function readFilter(properties: Reader): FilterDefinition {
  const type = properties.text('FilterType') ?? 'Correlation';
  if (type === 'True') return { kind: 'true' };
  if (type === 'False') return { kind: 'false' };
  if (type === 'Sql') {
    return { kind: 'sql', expression: properties.object('SqlFilter').text('SqlExpression') ?? '' };
  }
  if (type !== 'Correlation') throw properties.error('FilterType', '"Correlation", "Sql", "True" or "False"');
  const filter = properties.object('CorrelationFilter');
  filter.onlyKeys(...Object.keys(CORRELATION_FIELDS), 'Properties');
  const system: Partial<Record<SystemProperty, string>> = {};
  for (const [key, property] of Object.entries(CORRELATION_FIELDS)) {
    const wanted = filter.text(key);
    if (wanted !== undefined) system[property] = wanted;
  }
  return { kind: 'correlation', system, user: filter.object('Properties').scalars() };
}

const CORRELATION_FIELDS: Record<string, SystemProperty> = {
  ContentType: 'ContentType',
  CorrelationId: 'CorrelationId',
  Label: 'Label',
  Subject: 'Label',
  MessageId: 'MessageId',
  ReplyTo: 'ReplyTo',
  ReplyToSessionId: 'ReplyToSessionId',
  SessionId: 'SessionId',
  To: 'To',
};

const RECEIVING = [
  'DeadLetteringOnMessageExpiration',
  'DefaultMessageTimeToLive',
  'LockDuration',
  'MaxDeliveryCount',
  'ForwardDeadLetteredMessagesTo',
  'ForwardTo',
  'RequiresSession',
  'Status',
];
const SENDING = [
  'RequiresDuplicateDetection',
  'DuplicateDetectionHistoryTimeWindow',
  'MaxMessageSizeInKilobytes',
  'MaxSizeInMegabytes',
  'Status',
];
const WITHOUT_LOCAL_EFFECT = [
  'AutoDeleteOnIdle',
  'EnableBatchedOperations',
  'EnablePartitioning',
  'SupportOrdering',
  'UserMetadata',
];

function readReceiving(properties: Reader): Omit<QueueSettings, 'duplicateWindow' | 'maxSize'> {
  return {
    lockDuration: properties.duration('LockDuration', MAX_LOCK_DURATION) ?? 60_000,
    maxDeliveryCount: properties.integer('MaxDeliveryCount', 1, 2000) ?? 10,
    defaultTimeToLive: properties.duration('DefaultMessageTimeToLive', Infinity) ?? null,
    deadLetteringOnMessageExpiration: properties.flag('DeadLetteringOnMessageExpiration'),
    requiresSession: properties.flag('RequiresSession'),
    // The file may carry them empty.
    forwardTo: properties.text('ForwardTo') || null,
    forwardDeadLettersTo: properties.text('ForwardDeadLetteredMessagesTo') || null,
    status: readStatus(properties),
  };
}

function readDuplicateWindow(properties: Reader): number | null {
  const window = properties.duration('DuplicateDetectionHistoryTimeWindow', MAX_DUPLICATE_WINDOW) ?? 600_000;
  return properties.flag('RequiresDuplicateDetection') ? window : null;
}

function readStatus(properties: Reader): Status {
  const status = properties.text('Status') ?? 'Active';
  const found = STATUSES.find((known) => known === status);
  if (!found) throw properties.error('Status', STATUSES.map((known) => `"${known}"`).join(', '));
  return found;
}
const STATUSES: readonly Status[] = ['Active', 'Disabled', 'SendDisabled', 'ReceiveDisabled'];

function readMaxSize(properties: Reader): number {
  return (
    (properties.integer('MaxSizeInMegabytes', 1, PREMIUM_TIER_ENTITY_MB) ?? DEFAULT_ENTITY_MB) * 1024 * 1024
  );
}

function readSize(properties: Reader): number {
  const size = properties.integer('MaxMessageSizeInKilobytes', 1, PREMIUM_TIER_MESSAGE_KB);
  return (size ?? STANDARD_TIER_MESSAGE_KB) * 1024;
}

function rejectDuplicates(entities: readonly { name: string }[], path: string): void {
  const seen = new Set<string>();
  for (const { name } of entities) {
    if (seen.has(name.toLowerCase()))
      throw new ConfigError(`${path} names "${name}" twice (letter case does not count).`);
    seen.add(name.toLowerCase());
  }
}

/** Reads one JSON object and says where a value is wrong. */
class Reader {
  private readonly fields: Record<string, unknown>;

  constructor(
    value: unknown,
    readonly path: string,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ConfigError(`${path} must be an object.`);
    }
    this.fields = { ...value };
  }

  error(key: string, expected: string): ConfigError {
    const found = key in this.fields ? JSON.stringify(this.fields[key]) : 'nothing';
    return new ConfigError(`${this.path}.${key} must be ${expected}; found ${found}.`);
  }

  onlyKeys(...allowed: string[]): void {
    for (const key of Object.keys(this.fields)) {
      if (!allowed.includes(key)) {
        throw new ConfigError(`${this.path}.${key} is not known here; known are ${allowed.join(', ')}.`);
      }
    }
  }

  object(key: string): Reader {
    return new Reader(this.fields[key] ?? {}, `${this.path}.${key}`);
  }

  list(key: string): Reader[] {
    const value = this.fields[key] ?? [];
    if (!Array.isArray(value)) throw this.error(key, 'a list');
    return value.map((item: unknown, index) => new Reader(item, `${this.path}.${key}[${index}]`));
  }

  name(): string {
    const name = this.text('Name');
    if (name === undefined || !/^[A-Za-z0-9$](?:[\w.\-/~]*\w)?$/.test(name)) {
      throw this.error('Name', 'a name of letters, digits, ".", "-", "_" and "/"');
    }
    return name;
  }

  text(key: string): string | undefined {
    const value = this.fields[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw this.error(key, 'a string');
    return value;
  }

  flag(key: string): boolean {
    const value = this.fields[key] ?? false;
    if (typeof value !== 'boolean') throw this.error(key, 'true or false');
    return value;
  }

  integer(key: string, min: number, max: number): number | undefined {
    const value = this.fields[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw this.error(key, `a whole number from ${min} to ${max}`);
    }
    return value;
  }

  duration(key: string, max: number): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const duration = parseDuration(text);
    if (duration === undefined || duration <= 0 || duration > max) {
      const limit = Number.isFinite(max) ? ` of at most ${max / 1000} seconds` : '';
      throw this.error(key, `an ISO 8601 duration${limit}, such as "PT1M"`);
    }
    return duration;
  }

  scalars(): Record<string, string | number | boolean> {
    const found: Record<string, string | number | boolean> = {};
    for (const [key, value] of Object.entries(this.fields)) {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        throw this.error(key, 'a string, a number or a boolean');
      }
      found[key] = value;
    }
    return found;
  }
}
