import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEmulatorConfig } from '../../../local/servicebus';
import { parseDuration } from '../../../local/servicebus/duration';

const queue = (Properties: object): object => ({
  UserConfig: { Namespaces: [{ Name: 'n', Queues: [{ Name: 'q', Properties }] }] },
});

test.each([
  ['PT1M', 60_000],
  ['PT20S', 20_000],
  ['PT0.5S', 500],
  ['P1D', 86_400_000],
  ['P1DT1H', 90_000_000],
  ['P2W', 1_209_600_000],
  ['P10675199DT2H48M5.4775807S', 922_337_203_685_478],
  ['P1M', undefined],
  ['P1Y', undefined],
  ['P', undefined],
  ['PT', undefined],
  ['P1DT', undefined],
  ['1M', undefined],
  ['PT1M ', undefined],
])('duration %s', (text, expected) => expect(parseDuration(text)).toBe(expected));

test('defaults are those of the service', () => {
  expect(parseEmulatorConfig(queue({})).queues).toEqual([
    {
      name: 'q',
      lockDuration: 60_000,
      maxDeliveryCount: 10,
      defaultTimeToLive: null,
      deadLetteringOnMessageExpiration: false,
      duplicateWindow: null,
      requiresSession: false,
      forwardTo: null,
      forwardDeadLettersTo: null,
      status: 'Active',
      maxSize: 1024 * 1024 * 1024,
      maxMessageSize: 262_144,
    },
  ]);
});

test("the project's own topology is understood", () => {
  const topology: unknown = JSON.parse(readFileSync(join(__dirname, '../../../topology.json'), 'utf8'));
  expect(parseEmulatorConfig(topology).queues.map(({ name }) => name)).toContain('hl7-messages');
});

test.each<[object, string]>([
  [
    { LockDuration: 'PT10M' },
    'Queues[0].Properties.LockDuration must be an ISO 8601 duration of at most 300 seconds',
  ],
  [{ LockDuration: 60 }, 'Queues[0].Properties.LockDuration must be a string; found 60'],
  [
    { MaxDeliveryCount: 0 },
    'Queues[0].Properties.MaxDeliveryCount must be a whole number from 1 to 2000; found 0',
  ],
  [{ MaxDeliverCount: 3 }, 'Queues[0].Properties.MaxDeliverCount is not known here'],
  [{ ForwardTo: 'other' }, '"q" forwards to "other", which is no queue or topic of this namespace'],
  [{ ForwardDeadLetteredMessagesTo: 'Q' }, '"q" forwards to itself'],
  [{ Status: 'Off' }, 'Properties.Status must be "Active", "Disabled", "SendDisabled", "ReceiveDisabled"'],
  [{ MaxSizeInMegabytes: 0 }, 'MaxSizeInMegabytes must be a whole number from 1 to 81920'],
  [{ RequiresDuplicateDetection: 'yes' }, 'RequiresDuplicateDetection must be true or false; found "yes"'],
])('%j is refused', (properties, message) => {
  expect(() => parseEmulatorConfig(queue(properties))).toThrow(message);
});

test.each<[string, unknown, string]>([
  ['no object', 3, 'config must be an object'],
  ['no namespace', { UserConfig: {} }, 'config.UserConfig.Namespaces must be exactly one namespace'],
  ['a name twice', namespace({ Queues: [{ Name: 'a' }, { Name: 'A' }] }), 'names "A" twice'],
  ['no name', namespace({ Queues: [{}] }), 'Queues[0].Name must be a name'],
  ['a list that is none', namespace({ Queues: {} }), 'Queues must be a list'],
  [
    'a SQL filter that is none',
    rule({ FilterType: 'Sql', SqlFilter: { SqlExpression: 'a = ' } }),
    'Rules[0].Properties: Expected a property at position 5 of the expression, found the end',
  ],
  [
    'an action that is none',
    rule({ FilterType: 'True', Action: { SqlExpression: 'DROP x' } }),
    "Expected 'SET' or 'REMOVE'",
  ],
  ['a rule name twice', rule({ FilterType: 'True' }, { FilterType: 'False' }), 'names "r" twice'],
  [
    'an empty filter',
    rule({ FilterType: 'Correlation', CorrelationFilter: {} }),
    'A correlation filter must name at least one property',
  ],
])('%s', (_, json, message) => expect(() => parseEmulatorConfig(json)).toThrow(message));

test('rules', () => {
  const rules = (properties: object): unknown =>
    parseEmulatorConfig(rule(properties)).topics[0]?.subscriptions[0]?.rules;
  expect(
    rules({
      FilterType: 'Sql',
      SqlFilter: { SqlExpression: 'a = 1' },
      Action: { SqlExpression: 'SET b = 2' },
    }),
  ).toEqual([{ name: 'r', filter: { kind: 'sql', expression: 'a = 1' }, action: 'SET b = 2' }]);
  expect(rules({ CorrelationFilter: { Label: 'L', Properties: { n: 1 } } })).toEqual([
    { name: 'r', filter: { kind: 'correlation', system: { Label: 'L' }, user: { n: 1 } } },
  ]);
  const bare = namespace({ Topics: [{ Name: 't', Subscriptions: [{ Name: 's' }] }] });
  expect(parseEmulatorConfig(bare).topics[0]?.subscriptions[0]?.rules).toEqual([
    { name: '$Default', filter: { kind: 'true' } },
  ]);
});

function namespace(content: object): object {
  return { UserConfig: { Namespaces: [{ Name: 'n', ...content }] }, Other: 'is ignored' };
}
function rule(...rules: object[]): object {
  const Rules = rules.map((Properties) => ({ Name: 'r', Properties }));
  return namespace({ Topics: [{ Name: 't', Subscriptions: [{ Name: 's', Rules }] }] });
}
