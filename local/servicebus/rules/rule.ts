/** Rules of subscriptions: which messages they take, and what they change in the copy. */
import { message as amqp } from 'rhea';
import { asBuffer, type MessageChanges } from '../codec';
import { holds, valueOf, type Facts, type SystemProperty } from './expression';
import { RuleError } from './lexer';
import { parseAction, parseFilter, type Statement } from './parser';

export type CorrelationValue = string | number | boolean | { readonly date: number };

export type FilterDefinition =
  | { readonly kind: 'true' | 'false' }
  | { readonly kind: 'sql'; readonly expression: string }
  | {
      readonly kind: 'correlation';
      readonly system: Partial<Record<SystemProperty, string>>;
      readonly user: Readonly<Record<string, CorrelationValue>>;
    };

/** A rule as it is configured, stored and listed. */
export interface RuleDefinition {
  readonly name: string;
  readonly filter: FilterDefinition;
  readonly action?: string;
}

export interface Rule {
  readonly definition: RuleDefinition;
  matches(facts: () => Facts): boolean;
  /** Absent where the rule changes nothing. */
  readonly change?: (facts: Facts) => MessageChanges;
}

/** Throws RuleError where the filter or the action is not understood. */
export function compileRule(definition: RuleDefinition): Rule {
  const { filter, action } = definition;
  if (!/^[^/\\?#]{1,50}$/.test(definition.name)) {
    throw new RuleError('A rule name has 1 to 50 characters, none of them / \\ ? or #.');
  }
  const statements = action === undefined || action.trim() === '' ? undefined : parseAction(action);
  return {
    definition,
    matches: compileFilter(filter),
    ...(statements ? { change: (facts: Facts) => run(statements, facts) } : {}),
  };
}

function compileFilter(filter: FilterDefinition): Rule['matches'] {
  switch (filter.kind) {
    case 'true':
      return () => true;
    case 'false':
      return () => false;
    case 'sql': {
      const predicate = parseFilter(filter.expression);
      return (facts) => holds(predicate, facts()) === true;
    }
    case 'correlation': {
      const [system, user] = [Object.entries(filter.system), Object.entries(filter.user)];
      if (system.length + user.length === 0) {
        throw new RuleError('A correlation filter must name at least one property to compare.');
      }
      return (facts) => correlates(system as [SystemProperty, string][], user, facts());
    }
  }
}

/** Every property that is named must be equal, letter case included. */
function correlates(
  system: readonly (readonly [SystemProperty, string])[],
  user: readonly (readonly [string, CorrelationValue])[],
  facts: Facts,
): boolean {
  return (
    system.every(([name, wanted]) => facts.system[name] === wanted) &&
    user.every(([name, wanted]) => {
      const value = facts.user.get(name.toLowerCase())?.value;
      if (typeof wanted !== 'object') return value === wanted;
      return value instanceof Date && value.getTime() === wanted.date;
    })
  );
}

/** Statements see what those before them did. A value that is unknown changes nothing. */
function run(statements: readonly Statement[], facts: Facts): MessageChanges {
  const user = new Map(facts.user);
  const system: Partial<Record<SystemProperty, string>> = { ...facts.system };
  const changes = { application: new Map<string, unknown>(), system: {} as typeof system };
  for (const statement of statements) {
    if (statement.kind === 'remove') {
      const key = user.get(statement.name.toLowerCase())?.key;
      if (key === undefined) continue;
      user.delete(key.toLowerCase());
      changes.application.set(key, undefined);
      continue;
    }
    const value = valueOf(statement.value, { user, system });
    if (value === undefined) continue;
    const { property } = statement;
    if (property.kind === 'system') {
      system[property.name] = changes.system[property.name] = String(value);
    } else {
      const key = user.get(property.name.toLowerCase())?.key ?? property.name;
      user.set(key.toLowerCase(), { key, value });
      changes.application.set(key, value);
    }
  }
  return changes;
}

/** The copies of a message that a subscription gets: its changes, each undefined where it is as it was sent. */
export function copiesFor(
  rules: readonly Rule[],
  facts: () => Facts,
): readonly (MessageChanges | undefined)[] {
  const matching = rules.filter((rule) => rule.matches(facts));
  // https://learn.microsoft.com/azure/service-bus-messaging/topic-filters: rules without an action share one copy,
  // every rule with one makes its own.
  const plain = matching.some(({ change }) => !change) ? [undefined] : [];
  return [...plain, ...matching.flatMap(({ change }) => (change ? [change(facts())] : []))];
}

export function factsOf(bare: Uint8Array): Facts {
  const message = amqp.decode(asBuffer(bare));
  const text = (field: string): string | undefined => {
    const value: unknown = message[field as keyof typeof message];
    return typeof value === 'string' ? value : undefined;
  };
  const system: Partial<Record<SystemProperty, string>> = {};
  for (const [name, field] of Object.entries(FIELD_NAMES) as [SystemProperty, string][]) {
    const value = text(field);
    if (value !== undefined) system[name] = value;
  }
  const properties: Record<string, unknown> = message['application_properties'] ?? {};
  const user = new Map(Object.entries(properties).map(([key, value]) => [key.toLowerCase(), { key, value }]));
  return { system, user };
}

/** As rhea names the fields of the AMQP properties section. */
const FIELD_NAMES: Record<SystemProperty, string> = {
  ContentType: 'content_type',
  CorrelationId: 'correlation_id',
  Label: 'subject',
  MessageId: 'message_id',
  ReplyTo: 'reply_to',
  ReplyToSessionId: 'reply_to_group_id',
  SessionId: 'group_id',
  To: 'to',
};
