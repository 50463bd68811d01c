import type {
  RuleProperties,
  CorrelationRuleFilter,
  ServiceBusClient,
  ServiceBusMessage,
  ServiceBusReceivedMessage,
  ServiceBusRuleManager,
  SqlRuleFilter,
} from '@azure/service-bus';
import Long from 'long';
import { settled, startNamespace, type Namespace } from './namespace';

const TOPIC = 'ruled';
const SUBSCRIPTION = 'subject';

let namespace: Namespace;
let client: ServiceBusClient;
let rules: ServiceBusRuleManager;
beforeAll(async () => {
  namespace = await startNamespace('rules');
  ({ client } = namespace);
  rules = client.createRuleManager(TOPIC, SUBSCRIPTION);
});
afterAll(() => namespace.stop());

type Message = Omit<ServiceBusMessage, 'body'>;
type Filter = SqlRuleFilter | CorrelationRuleFilter;

const sql = (sqlExpression: string): SqlRuleFilter => ({ sqlExpression });
const having = (applicationProperties: Message['applicationProperties']): Message => ({
  applicationProperties,
});

/** The SDK's iterator ends with undefined where there is no rule. */
async function listed(manager: ServiceBusRuleManager): Promise<RuleProperties[]> {
  const found: (RuleProperties | undefined)[] = [];
  for await (const rule of manager.listRules()) found.push(rule);
  return found.filter((rule) => rule !== undefined);
}

async function onlyRules(...list: { filter: Filter; action?: string }[]): Promise<void> {
  for (const { name } of await listed(rules)) await rules.deleteRule(name);
  for (const [i, { filter, action }] of list.entries()) {
    await rules.createRule(`rule-${i}`, filter, action === undefined ? undefined : { sqlExpression: action });
  }
}

async function publish(messages: readonly Message[]): Promise<void> {
  const sender = client.createSender(TOPIC);
  await sender.sendMessages(messages.map((message, body) => ({ ...message, body })));
  await sender.close();
}

/** The places of those of the messages that arrive; they stay, and the next look begins behind them. */
async function passing(messages: readonly Message[]): Promise<unknown[]> {
  await publish(messages);
  return (await arrived()).map(({ body }) => body as unknown);
}

let seen = Long.ZERO;

async function arrived(): Promise<ServiceBusReceivedMessage[]> {
  await settled();
  const receiver = client.createReceiver(TOPIC, SUBSCRIPTION);
  const found = await receiver.peekMessages(100, { fromSequenceNumber: seen.add(1) });
  await receiver.close();
  seen = found.at(-1)?.sequenceNumber ?? seen;
  return found;
}

const colours = [having({ colour: 'red', n: 5 }), having({ colour: 'blue', n: -2.5 }), {}];

describe('SQL filters', () => {
  const odd = [having({ 'a b': 1, "it's": 1, p: 'colour', colour: 'red', flag: true, null: null })];
  const texts = ['50%', '505', 'a_c', 'abc', '', 'x\ny', '[a]', undefined].map((text) =>
    text === undefined ? {} : having({ text }),
  );
  const system: Message[] = [
    { subject: 'S', correlationId: 'c', messageId: 'm' },
    { to: 't', replyTo: 'r', contentType: 'text/plain' },
    { sessionId: 's', replyToSessionId: 'rs', ...having({ Label: 'user' }) },
  ];
  const cases: [string, readonly Message[], number[]][] = [
    ['1=1', colours, [0, 1, 2]],
    ['1=0', colours, []],
    ["colour = 'red'", colours, [0]],
    ["COLOUR = 'red'", colours, [0]],
    ["colour = 'Red'", colours, []],
    ["user.colour <> 'red'", colours, [1]],
    ["NOT colour = 'red'", colours, [1]],
    ["colour != 'red' OR n > 1", colours, [0, 1]],
    ["colour = 'red' AND n < 5", colours, []],
    ['n >= 5', colours, [0]],
    ['n <= -2.5', colours, [1]],
    ['n = 5E0', colours, [0]],
    ["colour = 'red' OR colour = 'blue' AND n < 0", colours, [0, 1]],
    ["(colour = 'red' OR colour = 'blue') AND n < 0", colours, [1]],
    // Unknown is neither true nor false, and survives a NOT.
    ["missing = 'x' OR colour = 'red'", colours, [0]],
    ["NOT (missing = 'x' AND colour = 'red')", colours, [1]],
    ["NOT (missing = 'x' OR colour = 'red')", colours, []],
    ['colour IS NULL', colours, [2]],
    ['colour IS NOT NULL', colours, [0, 1]],
    ['EXISTS(colour)', colours, [0, 1]],
    ['NOT EXISTS (user.colour)', colours, [2]],
    ["colour IN ('red', 'green')", colours, [0]],
    ["colour NOT IN ('red', 'green')", colours, [1]],
    ['n IN (4 + 1, 7)', colours, [0]],
    ['n + 1 = 6', colours, [0]],
    ['n - 1 * 2 = 3', colours, [0]],
    ['-n = 2.5', colours, [1]],
    ['n / 2 = 2', colours, [0]],
    ['n % 3 = 2', colours, [0]],
    ["colour + '!' = 'red!'", colours, [0]],
    ["n = '5'", colours, []],
    ["text LIKE 'a%c'", texts, [2, 3]],
    ["text LIKE 'a_c'", texts, [2, 3]],
    ["text LIKE '50\\%' ESCAPE '\\'", texts, [0]],
    ["text LIKE 'a!_c' ESCAPE '!'", texts, [2]],
    ["text NOT LIKE '%0%'", texts, [2, 3, 4, 5, 6]],
    ["text LIKE ''", texts, [4]],
    ["text LIKE 'x_y'", texts, [5]],
    ["text LIKE '[a]'", texts, [6]],
    ["sys.Label = 'S'", system, [0]],
    ["sys.label = 'S' AND sys.CorrelationId = 'c' AND sys.MessageId = 'm'", system, [0]],
    ["sys.To = 't' AND sys.ReplyTo = 'r' AND sys.ContentType = 'text/plain'", system, [1]],
    ["sys.SessionId = 's' AND sys.ReplyToSessionId = 'rs'", system, [2]],
    ["Label = 'user'", system, [2]],
    ['[a b] = 1', odd, [0]],
    ['"a b" = 1 AND [it\'s] = 1', odd, [0]],
    ["property('col' + 'our') = 'red' AND p('colour') = 'red'", odd, [0]],
    ["p = 'colour'", odd, [0]],
    ['flag = TRUE', odd, [0]],
    ['flag = false', odd, []],
    ['newid() <> newid()', odd, [0]],
    ["colour = 'it''s'", odd, []],
  ];
  test.each(cases)('%s', async (expression, messages, expected) => {
    await onlyRules({ filter: sql(expression) });
    expect(await passing(messages)).toEqual(expected);
  });

  test.each([
    'colour =',
    "colour = 'red",
    'colour',
    "colour = 'a' 'b'",
    '(a = 1',
    'a = 1)',
    "a LIKE 'x' ESCAPE 'ab'",
    'a IN ()',
    '1 IS NULL',
    'EXISTS(1)',
    'a = (b = c)',
    'upper(a) = 1',
    'sys.NoSuchProperty = 1',
    'other.a = 1',
    'a NOT = 1',
    'a = 1 AND',
    'a = #1',
  ])('%s is refused', async (expression) => {
    await onlyRules();
    await expect(rules.createRule('bad', sql(expression))).rejects.toThrow();
    expect(await listed(rules)).toEqual([]);
  });
});

describe('correlation filters', () => {
  const when = new Date(1_700_000_000_000);
  const messages: Message[] = [
    { subject: 'A', correlationId: '7', ...having({ n: 1, yes: true }) },
    { subject: 'a', contentType: 'text/plain', to: 't', replyTo: 'r', messageId: 'm' },
    { sessionId: 's', replyToSessionId: 'rs', ...having({ n: '1', when }) },
  ];
  const cases: [string, CorrelationRuleFilter, number[]][] = [
    ['a label, letter case included', { subject: 'A' }, [0]],
    ['every property that is named', { subject: 'A', correlationId: '8' }, []],
    ['a number is not the text of it', { applicationProperties: { n: 1 } }, [0]],
    ['a boolean', { applicationProperties: { yes: true } }, [0]],
    ['a date', { applicationProperties: { when } }, [2]],
    ['fields and properties together', { correlationId: '7', applicationProperties: { n: 1 } }, [0]],
    ['the other fields', { contentType: 'text/plain', to: 't', replyTo: 'r', messageId: 'm' }, [1]],
    ['the sessions', { sessionId: 's', replyToSessionId: 'rs' }, [2]],
  ];
  test.each(cases)('%s', async (_, filter, expected) => {
    await onlyRules({ filter });
    expect(await passing(messages)).toEqual(expected);
  });
});

describe('several rules', () => {
  test('without actions make one copy of what any of them matches', async () => {
    await onlyRules({ filter: sql('n > 0') }, { filter: sql("colour = 'red'") }, { filter: sql('n < 0') });
    expect(await passing(colours)).toEqual([0, 1]);
  });

  test('with actions make a copy each', async () => {
    await onlyRules(
      { filter: sql('n > 0'), action: 'SET a = 1' },
      { filter: sql("colour = 'red'"), action: 'SET a = 2' },
      { filter: sql('1=1') },
    );
    expect(await passing(colours.slice(0, 1))).toEqual([0, 0, 0]);
  });

  test('none of them lets nothing through', async () => {
    await onlyRules();
    expect(await passing(colours)).toEqual([]);
  });
});

describe('SQL actions', () => {
  const message: Message = {
    subject: 'S',
    messageId: 'kept',
    applicationProperties: { n: 4, colour: 'red', Extra: true },
  };
  const cases: [string, Partial<ServiceBusReceivedMessage>][] = [
    ['SET added = 7', { applicationProperties: { n: 4, colour: 'red', Extra: true, added: 7 } }],
    ["SET colour = 'blue'", { applicationProperties: { n: 4, colour: 'blue', Extra: true } }],
    [
      "SET n = n * 2 + 0.5; SET colour = colour + '!'; SET extra = FALSE",
      { applicationProperties: { n: 8.5, colour: 'red!', Extra: false } },
    ],
    ['SET n = n + 1; SET n = n + 1;', { applicationProperties: { n: 6, colour: 'red', Extra: true } }],
    ['REMOVE Extra; REMOVE missing', { applicationProperties: { n: 4, colour: 'red' } }],
    ['REMOVE user.extra', { applicationProperties: { n: 4, colour: 'red' } }],
    ["SET sys.Label = colour + '-S'; SET sys.To = 'there'", { subject: 'red-S', to: 'there' }],
    [
      "SET sys.ContentType = 'text/x'; SET sys.CorrelationId = 'c'; SET sys.ReplyTo = 'r'",
      { contentType: 'text/x', correlationId: 'c', replyTo: 'r', subject: 'S' },
    ],
    ["SET sys.SessionId = 's'; SET sys.ReplyToSessionId = 'rs'", { sessionId: 's', replyToSessionId: 'rs' }],
    ['SET n = missing', { applicationProperties: { n: 4, colour: 'red', Extra: true } }],
  ];
  test.each(cases)('%s', async (action, expected) => {
    await onlyRules({ filter: sql('1=1'), action });
    await publish([message]);
    const [received] = await arrived();
    expect(received).toMatchObject({ messageId: 'kept', body: 0, ...expected });
    if (expected.applicationProperties)
      expect(received?.applicationProperties).toEqual(expected.applicationProperties);
  });

  test.each([
    'DROP n',
    'SET n',
    'SET = 1',
    'REMOVE sys.Label',
    'SET sys.SequenceNumber = 1',
    'SET n = 1 SET m = 1',
  ])('%s is refused', async (action) => {
    await onlyRules();
    const adding = rules.createRule('bad', sql('1=1'), { sqlExpression: action });
    await expect(adding).rejects.toThrow();
  });
});

describe('rule management', () => {
  test('a new subscription has the default rule', async () => {
    const manager = client.createRuleManager('managed', 'fresh');
    expect(await listed(manager)).toMatchObject([{ name: '$Default', filter: { sqlExpression: '1=1' } }]);
  });

  test('rules are listed as they were added', async () => {
    const correlation: CorrelationRuleFilter = {
      subject: 'L',
      messageId: 'm',
      correlationId: 'c',
      to: 't',
      replyTo: 'r',
      sessionId: 's',
      replyToSessionId: 'rs',
      contentType: 'ct',
      applicationProperties: { text: 'x', n: 1.5, yes: false, when: new Date(1_700_000_000_000) },
    };
    await onlyRules({ filter: correlation }, { filter: sql('a = 1'), action: 'SET b = 2' });
    expect(await listed(rules)).toMatchObject([
      { name: 'rule-0', filter: correlation },
      { name: 'rule-1', filter: { sqlExpression: 'a = 1' }, action: { sqlExpression: 'SET b = 2' } },
    ]);
  });

  test('a name can be used once', async () => {
    await onlyRules({ filter: sql('a = 1') });
    await expect(rules.createRule('rule-0', sql('a = 2'))).rejects.toMatchObject({
      code: 'MessagingEntityAlreadyExists',
    });
    expect(await listed(rules)).toMatchObject([{ filter: { sqlExpression: 'a = 1' } }]);
  });

  test('what is not there cannot be removed', async () => {
    await onlyRules();
    await expect(rules.deleteRule('nobody')).rejects.toMatchObject({ code: 'MessagingEntityNotFound' });
  });
});
