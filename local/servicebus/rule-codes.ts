/**
 * Rules on the wire of `$management`
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response, "Rule operations").
 */
import { types, type Typed } from 'rhea';
import {
  RuleError,
  type CorrelationValue,
  type FilterDefinition,
  type RuleDefinition,
  type SystemProperty,
} from './rules';

const CODE = {
  rule: 0x0000013700000004,
  noAction: 0x0000013700000005,
  sqlAction: 0x0000013700000006,
  sqlFilter: 0x000001370000006,
  trueFilter: 0x000001370000007,
  falseFilter: 0x000001370000008,
  correlationFilter: 0x000001370000009,
} as const;

/** Of the SQL language, of which there has been one version for long. */
const COMPATIBILITY_LEVEL = 20;

/** In the order of the correlation filter's list, and by the key of the map that adds one. */
const CORRELATION_FIELDS: readonly (readonly [SystemProperty, string])[] = [
  ['CorrelationId', 'correlation-id'],
  ['MessageId', 'message-id'],
  ['To', 'to'],
  ['ReplyTo', 'reply-to'],
  ['Label', 'label'],
  ['SessionId', 'session-id'],
  ['ReplyToSessionId', 'reply-to-session-id'],
  ['ContentType', 'content-type'],
];

const described = (code: number, fields: readonly unknown[]): Typed =>
  types.wrap_described(
    fields.map((field) => types.wrap(field)),
    code,
  );

export function encodeRule({ name, filter, action }: RuleDefinition): Typed {
  const actionCode =
    action === undefined
      ? described(CODE.noAction, [])
      : described(CODE.sqlAction, [action, types.wrap_int(COMPATIBILITY_LEVEL)]);
  return types.wrap_map({
    'rule-description': described(CODE.rule, [encodeFilter(filter), actionCode, name]),
  });
}

function encodeFilter(filter: FilterDefinition): Typed {
  switch (filter.kind) {
    case 'true':
      return described(CODE.trueFilter, []);
    case 'false':
      return described(CODE.falseFilter, []);
    case 'sql':
      return described(CODE.sqlFilter, [filter.expression, types.wrap_int(COMPATIBILITY_LEVEL)]);
    case 'correlation': {
      const user = Object.fromEntries(
        Object.entries(filter.user).map(([key, value]) => [
          key,
          typeof value === 'object' ? types.wrap_timestamp(value.date) : types.wrap(value),
        ]),
      );
      return described(CODE.correlationFilter, [
        ...CORRELATION_FIELDS.map(([property]) => filter.system[property] ?? null),
        types.wrap_map(user),
      ]);
    }
  }
}

type Map = Record<string, unknown>;

export function decodeRule(name: string, description: Map): RuleDefinition {
  const action = textOf(mapOf(description['sql-rule-action']), 'expression');
  return {
    name,
    filter: decodeFilter(description),
    ...(action === undefined ? {} : { action }),
  };
}

function decodeFilter(description: Map): FilterDefinition {
  const expression = textOf(mapOf(description['sql-filter']), 'expression');
  if (expression !== undefined) return { kind: 'sql', expression };
  if ('true-filter' in description) return { kind: 'true' };
  if ('false-filter' in description) return { kind: 'false' };
  if (!('correlation-filter' in description))
    throw new RuleError('The rule has no filter that is known here.');
  const fields = mapOf(description['correlation-filter']);
  const system: Partial<Record<SystemProperty, string>> = {};
  for (const [property, key] of CORRELATION_FIELDS) {
    const value = textOf(fields, key);
    if (value !== undefined) system[property] = value;
  }
  const user: Record<string, CorrelationValue> = {};
  for (const [key, value] of Object.entries(mapOf(fields['properties'])))
    user[key] = correlationValue(key, value);
  return { kind: 'correlation', system, user };
}

function correlationValue(key: string, value: unknown): CorrelationValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Date) return { date: value.getTime() };
  throw new RuleError(
    `The property ${key} of a correlation filter must be text, a number, a boolean or a date.`,
  );
}

const mapOf = (value: unknown): Map =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Map) : {};

function textOf(map: Map, key: string): string | undefined {
  const value = map[key];
  return typeof value === 'string' ? value : undefined;
}
