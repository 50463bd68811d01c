/**
 * The grammars of SQL filters and SQL actions
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter and
 * .../service-bus-messaging-sql-rule-action), by recursive descent: OR < AND < NOT < comparison < + - < * / % < sign.
 */
import {
  SYSTEM_PROPERTIES,
  type Comparison,
  type Expression,
  type Operator,
  type Predicate,
  type Property,
} from './expression';
import { RuleError, tokenize, type Token } from './lexer';

export type Statement =
  | { readonly kind: 'set'; readonly property: Property; readonly value: Expression }
  | { readonly kind: 'remove'; readonly name: string };

/** The service's limit on the length of a filter and of an action. */
const MAX_LENGTH = 1024;
/** Deep nesting would only serve to overflow the stack. */
const MAX_DEPTH = 64;

export function parseFilter(text: string): Predicate {
  const parser = new Parser(text);
  const found = parser.predicate();
  parser.end();
  return found;
}

export function parseAction(text: string): Statement[] {
  const parser = new Parser(text);
  const statements = [parser.statement()];
  while (parser.take(';')) if (!parser.isAtEnd) statements.push(parser.statement());
  parser.end();
  return statements;
}

const COMPARISONS: Record<string, Comparison> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const RESERVED = new Set([
  'and',
  'or',
  'not',
  'in',
  'like',
  'escape',
  'is',
  'null',
  'exists',
  'set',
  'remove',
]);

type Node = { readonly predicate: Predicate } | { readonly expression: Expression };

class Parser {
  private readonly tokens: readonly Token[];
  private position = 0;
  private depth = 0;

  constructor(text: string) {
    if (text.length > MAX_LENGTH) {
      throw new RuleError(`The expression has ${text.length} characters, and may have ${MAX_LENGTH}.`);
    }
    this.tokens = tokenize(text);
  }

  private get token(): Token {
    return this.tokens[this.position] ?? { kind: 'end', at: 0 };
  }

  get isAtEnd(): boolean {
    return this.token.kind === 'end';
  }

  /** Consumes this symbol or keyword where it stands next. */
  take(text: string): boolean {
    const { token } = this;
    const isIt =
      (token.kind === 'symbol' && token.text === text) ||
      (token.kind === 'word' && token.text.toLowerCase() === text);
    if (isIt) this.position++;
    return isIt;
  }

  private need(text: string): void {
    if (!this.take(text)) throw this.unexpected(`'${text.toUpperCase()}'`);
  }

  end(): void {
    if (!this.isAtEnd) throw this.unexpected('the end');
  }

  private unexpected(wanted: string): RuleError {
    const { token } = this;
    const found =
      token.kind === 'end'
        ? 'the end'
        : token.kind === 'string' || token.kind === 'number'
          ? `the constant ${String(token.value)}`
          : `'${token.text}'`;
    return new RuleError(`Expected ${wanted} at position ${token.at + 1} of the expression, found ${found}.`);
  }

  predicate(): Predicate {
    return this.asPredicate(() => this.or());
  }

  statement(): Statement {
    if (this.take('set')) {
      const property = this.property();
      this.need('=');
      return { kind: 'set', property, value: this.asExpression(() => this.sum()) };
    }
    if (!this.take('remove')) throw this.unexpected("'SET' or 'REMOVE'");
    const property = this.property();
    if (property.kind === 'system')
      throw new RuleError(`The system property ${property.name} cannot be removed.`);
    return { kind: 'remove', name: property.name };
  }

  private or(): Node {
    return this.chain('or', () => this.and());
  }

  private and(): Node {
    return this.chain('and', () => this.not());
  }

  private chain(kind: 'and' | 'or', operand: () => Node): Node {
    const first = operand();
    if (!('predicate' in first)) return first;
    let { predicate } = first;
    while (this.take(kind)) predicate = { kind, left: predicate, right: this.asPredicate(operand) };
    return { predicate };
  }

  private not(): Node {
    if (!this.take('not')) return this.condition();
    return { predicate: { kind: 'not', of: this.nested(() => this.asPredicate(() => this.not())) } };
  }

  private condition(): Node {
    if (this.take('exists')) {
      this.need('(');
      const of = this.property();
      this.need(')');
      return { predicate: { kind: 'exists', of } };
    }
    const node = this.sum();
    if ('predicate' in node) return node;
    const predicate = this.conditionOn(node.expression);
    return predicate ? { predicate } : node;
  }

  private conditionOn(left: Expression): Predicate | undefined {
    const { token } = this;
    const comparison = token.kind === 'symbol' ? COMPARISONS[token.text] : undefined;
    if (comparison) {
      this.position++;
      return { kind: 'compare', comparison, left, right: this.asExpression(() => this.sum()) };
    }
    if (this.take('is')) {
      const isNegated = this.take('not');
      this.need('null');
      if (left.kind !== 'user' && left.kind !== 'system') {
        throw new RuleError(`IS NULL at position ${token.at + 1} of the expression must follow a property.`);
      }
      return negated(isNegated, { kind: 'null', of: left });
    }
    const isNegated = this.take('not');
    if (this.take('in')) return negated(isNegated, this.membership(left));
    if (this.take('like')) {
      const pattern = this.asExpression(() => this.sum());
      const escape = this.take('escape') ? this.escapeCharacter() : undefined;
      return negated(isNegated, { kind: 'like', of: left, pattern, escape });
    }
    if (isNegated) throw this.unexpected("'IN' or 'LIKE'");
    return undefined;
  }

  private membership(of: Expression): Predicate {
    this.need('(');
    const list: Expression[] = [];
    do list.push(this.asExpression(() => this.sum()));
    while (this.take(','));
    this.need(')');
    return { kind: 'in', of, list };
  }

  private escapeCharacter(): Expression {
    const escape = this.asExpression(() => this.sum());
    if (escape.kind === 'constant' && (typeof escape.value !== 'string' || escape.value.length !== 1)) {
      throw new RuleError('The ESCAPE of a LIKE must be one character.');
    }
    return escape;
  }

  private sum(): Node {
    return this.operators(['+', '-'], () => this.product());
  }

  private product(): Node {
    return this.operators(['*', '/', '%'], () => this.signed());
  }

  private operators(operators: readonly Operator[], operand: () => Node): Node {
    const first = operand();
    if (!('expression' in first)) return first;
    let left = first.expression;
    for (;;) {
      const operator = operators.find((each) => this.take(each));
      if (!operator) return { expression: left };
      left = { kind: 'arithmetic', operator, left, right: this.asExpression(operand) };
    }
  }

  private signed(): Node {
    if (this.take('+')) return { expression: this.nested(() => this.asExpression(() => this.signed())) };
    if (!this.take('-')) return this.primary();
    return {
      expression: { kind: 'negative', of: this.nested(() => this.asExpression(() => this.signed())) },
    };
  }

  private primary(): Node {
    const { token } = this;
    if (this.take('(')) {
      const inner = this.nested(() => this.or());
      this.need(')');
      return inner;
    }
    if (token.kind === 'number' || token.kind === 'string') {
      this.position++;
      return { expression: { kind: 'constant', value: token.value } };
    }
    if (this.take('true')) return { expression: { kind: 'constant', value: true } };
    if (this.take('false')) return { expression: { kind: 'constant', value: false } };
    return { expression: this.call() ?? this.property() };
  }

  /** newid(), property(name) and p(name); the same words without a parenthesis are properties. */
  private call(): Expression | undefined {
    const [{ token }, next] = [this, this.tokens[this.position + 1]];
    if (token.kind !== 'word' || next?.kind !== 'symbol' || next.text !== '(') return undefined;
    const name = token.text.toLowerCase();
    if (name !== 'newid' && name !== 'property' && name !== 'p') {
      throw new RuleError(`There is no function ${token.text}; known are newid, property and p.`);
    }
    this.position += 2;
    const argument = name === 'newid' ? undefined : this.asExpression(() => this.sum());
    this.need(')');
    return argument ? { kind: 'named', name: argument } : { kind: 'newid' };
  }

  private property(): Property {
    const first = this.name();
    if (!this.take('.')) return { kind: 'user', name: first };
    const name = this.name();
    switch (first.toLowerCase()) {
      case 'user':
        return { kind: 'user', name };
      case 'sys':
        return { kind: 'system', name: systemProperty(name) };
      default:
        throw new RuleError(`'${first}' is no scope of properties; known are sys and user.`);
    }
  }

  private name(): string {
    const { token } = this;
    const isName =
      token.kind === 'identifier' || (token.kind === 'word' && !RESERVED.has(token.text.toLowerCase()));
    if (!isName) throw this.unexpected('a property');
    this.position++;
    return token.text;
  }

  private asPredicate(parse: () => Node): Predicate {
    const { at } = this.token;
    const node = parse();
    if ('predicate' in node) return node.predicate;
    throw new RuleError(`What stands at position ${at + 1} of the expression is a value, not a condition.`);
  }

  private asExpression(parse: () => Node): Expression {
    const { at } = this.token;
    const node = parse();
    if ('expression' in node) return node.expression;
    throw new RuleError(`What stands at position ${at + 1} of the expression is a condition, not a value.`);
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > MAX_DEPTH)
      throw new RuleError(`The expression is nested deeper than ${MAX_DEPTH} levels.`);
    const found = parse();
    this.depth--;
    return found;
  }
}

const negated = (isNegated: boolean, of: Predicate): Predicate => (isNegated ? { kind: 'not', of } : of);

function systemProperty(name: string): (typeof SYSTEM_PROPERTIES)[number] {
  const wanted = name.toLowerCase() === 'subject' ? 'label' : name.toLowerCase();
  const found = SYSTEM_PROPERTIES.find((property) => property.toLowerCase() === wanted);
  if (found) return found;
  throw new RuleError(
    `The local Service Bus endpoint does not support the system property sys.${name}; supported are ${SYSTEM_PROPERTIES.join(', ')}.`,
  );
}
