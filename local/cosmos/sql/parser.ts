import type { Expression, Query, Source } from './ast';
import { SqlError, tokenize, type Token } from './lexer';

/** Binding powers, loosest first, as in Microsoft's published grammar of the language. */
const powers: Record<string, number> = {
  '?': 1,
  '??': 2,
  OR: 3,
  AND: 4,
  ...Object.fromEntries(
    ['=', '!=', '<>', '<', '<=', '>', '>=', 'IN', 'BETWEEN', 'LIKE', 'NOT'].map((operator) => [operator, 6]),
  ),
  '|': 7,
  '^': 8,
  '&': 9,
  '<<': 10,
  '>>': 10,
  '>>>': 10,
  '+': 11,
  '-': 11,
  '||': 11,
  '*': 12,
  '/': 12,
  '%': 12,
  '.': 14,
  '[': 14,
};
const not = 5;
const prefix = 13;

const reserved = new Set(
  'SELECT FROM WHERE GROUP BY ORDER ASC DESC AS JOIN IN BETWEEN LIKE ESCAPE AND OR NOT TOP DISTINCT VALUE OFFSET LIMIT EXISTS ARRAY NULL TRUE FALSE UNDEFINED UDF'.split(
    ' ',
  ),
);

/** Deeper nesting is refused, so that no query can exhaust the stack. */
const maxDepth = 250;

export function parse(text: string): Query {
  return new Parser(text, tokenize(text)).whole();
}

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly tokens: Token[],
  ) {}

  whole(): Query {
    const query = this.query();
    if (this.peek().kind !== 'end') this.fail();
    return query;
  }

  private peek(ahead = 0): Token {
    const last = this.tokens.length - 1;
    return this.tokens[Math.min(this.at + ahead, last)] as Token;
  }

  private next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  private fail(wanted?: string): never {
    const token = this.peek();
    // A literal may be a patient's name: it is not repeated in a message that ends up in a log.
    const found =
      token.kind === 'end' ? 'the end of the query' : token.kind === 'string' ? 'string' : `'${token.text}'`;
    throw new SqlError(`unexpected ${found}${wanted === undefined ? '' : `, expected ${wanted}`}.`, token.at);
  }

  private is(word: string): boolean {
    const token = this.peek();
    return token.kind === 'name' ? token.upper === word : token.kind === 'symbol' && token.text === word;
  }

  private take(word: string): boolean {
    const found = this.is(word);
    if (found) this.at++;
    return found;
  }

  private expect(word: string): void {
    if (!this.take(word)) this.fail(`'${word}'`);
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > maxDepth) throw new SqlError('the query is nested too deeply.', this.peek().at);
    try {
      return parse();
    } finally {
      this.depth--;
    }
  }

  private query(): Query {
    return this.nested(() => {
      this.expect('SELECT');
      const distinct = this.take('DISTINCT');
      const top = this.take('TOP') ? this.primary() : undefined;
      const [{ select, fields }, selected] = this.written(() => this.select());
      const [from, fromText] = this.take('FROM') ? this.written(() => this.sources()) : [[], ''];
      const [where, whereText] = this.take('WHERE') ? this.written(() => this.expression()) : [];
      const groupBy = this.take('GROUP')
        ? (this.expect('BY'), this.list(() => this.written(() => this.expression())))
        : [];
      const orderBy = this.take('ORDER') ? (this.expect('BY'), this.list(() => this.ordering())) : [];
      let offset: Expression | undefined;
      let limit: Expression | undefined;
      if (this.take('OFFSET')) {
        offset = this.primary();
        this.expect('LIMIT');
        limit = this.primary();
      }
      const written = {
        select: selected,
        fields,
        from: fromText,
        where: whereText,
        groupBy: groupBy.map(([, text]) => text),
        orderBy: orderBy.map(({ text }) => text),
      };
      return {
        ...{ distinct, top, select, from, where, offset, limit, written },
        groupBy: groupBy.map(([expression]) => expression),
        orderBy: orderBy.map(({ by, descending }) => ({ by, descending })),
      };
    });
  }

  /** What was parsed, and its text. */
  private written<T>(parse: () => T): [T, string] {
    const from = this.peek().at;
    const parsed = parse();
    const last = this.peek(-1);
    return [parsed, this.text.slice(from, last.at + last.text.length)];
  }

  private select(): { select: Query['select']; fields: string[] } {
    if (this.take('*')) return { select: { kind: 'star' }, fields: [] };
    if (this.take('VALUE')) {
      const [value, text] = this.written(() => this.expression());
      return { select: { kind: 'value', value }, fields: [text] };
    }
    let unnamed = 0;
    const fields = this.list(() => {
      const [value, text] = this.written(() => this.expression());
      const name = this.alias() ?? impliedName(value) ?? `$${++unnamed}`;
      return { name, value, text };
    });
    return {
      select: { kind: 'list', fields: fields.map(({ name, value }) => ({ name, value })) },
      fields: fields.map(({ text }) => text),
    };
  }

  /** `AS name` or a bare name. */
  private alias(): string | undefined {
    if (this.take('AS')) return this.identifier();
    const token = this.peek();
    return token.kind === 'name' && !reserved.has(token.upper) ? this.identifier() : undefined;
  }

  private identifier(): string {
    const token = this.peek();
    if (token.kind !== 'name' || reserved.has(token.upper)) this.fail('a name');
    this.at++;
    return token.text;
  }

  private ordering(): { by: Expression; text: string; descending: boolean } {
    const [by, text] = this.written(() => this.expression());
    const descending = this.take('DESC');
    if (!descending) this.take('ASC');
    return { by, text, descending };
  }

  private sources(): Source[] {
    const sources = [this.source()];
    while (this.take('JOIN')) sources.push(this.source());
    return sources;
  }

  private source(): Source {
    const token = this.peek();
    if (token.kind === 'name' && this.peek(1).upper === 'IN') {
      const alias = this.identifier();
      this.expect('IN');
      return { alias, each: true, input: this.sourceInput() };
    }
    const input = this.sourceInput();
    const alias = this.alias() ?? ('select' in input ? undefined : impliedName(input));
    return alias === undefined
      ? this.fail('a name for this source (AS name)')
      : { alias, each: false, input };
  }

  private sourceInput(): Expression | Query {
    if (this.take('(')) {
      const query = this.query();
      this.expect(')');
      return query;
    }
    let path: Expression = { kind: 'name', at: this.peek().at, name: this.identifier() };
    for (let steps = 0; this.is('.') || this.is('['); steps++) {
      if (steps > maxDepth) throw new SqlError('the path is too long.', this.peek().at);
      path = this.postfix(path);
    }
    return path;
  }

  private list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.take(',')) items.push(item());
    return items;
  }

  private listUntil<T>(close: string, item: () => T): T[] {
    if (this.take(close)) return [];
    const items = this.list(item);
    this.expect(close);
    return items;
  }

  private expression(power = 0): Expression {
    return this.nested(() => {
      let left = this.take('NOT') ? unary('NOT', this.expression(not)) : this.primary();
      // Long chains of AND and OR become one node (see `logical`); other chains are bounded like nesting.
      for (let links = 0; ;) {
        const token = this.peek();
        const operator = token.kind === 'name' ? token.upper : token.kind === 'symbol' ? token.text : '';
        const binding = Object.hasOwn(powers, operator) ? powers[operator] : undefined;
        if (binding === undefined || binding <= power) return left;
        if (operator !== 'AND' && operator !== 'OR' && ++links > maxDepth) {
          throw new SqlError('the expression is too long.', token.at);
        }
        left = this.infix(left, operator, binding);
      }
    });
  }

  private infix(left: Expression, operator: string, power: number): Expression {
    if (operator === '.' || operator === '[') return this.postfix(left);
    this.at++;
    switch (operator) {
      case '?': {
        const yes = this.expression();
        this.expect(':');
        return { kind: 'condition', test: left, yes, no: this.expression() };
      }
      case 'AND':
        return logical('all', left, this.expression(power));
      case 'OR':
        return logical('any', left, this.expression(power));
      case 'NOT': {
        const token = this.next();
        if (!['IN', 'BETWEEN', 'LIKE'].includes(token.upper)) {
          this.at--;
          this.fail("'IN', 'BETWEEN' or 'LIKE'");
        }
        return unary('NOT', this.predicate(left, token.upper, power));
      }
      case 'IN':
      case 'BETWEEN':
      case 'LIKE':
        return this.predicate(left, operator, power);
      default:
        return {
          kind: 'binary',
          operator: operator === '<>' ? '!=' : operator,
          left,
          right: this.expression(power),
        };
    }
  }

  private predicate(operand: Expression, operator: string, power: number): Expression {
    if (operator === 'IN') {
      this.expect('(');
      return { kind: 'in', operand, items: this.listUntil(')', () => this.expression()) };
    }
    if (operator === 'BETWEEN') {
      const low = this.expression(power);
      this.expect('AND');
      return { kind: 'between', operand, low, high: this.expression(power) };
    }
    const pattern = this.expression(power);
    if (!this.take('ESCAPE')) return { kind: 'like', operand, pattern, escape: undefined };
    const token = this.peek();
    if (token.kind !== 'string' || token.value.length !== 1) this.fail('one character in quotes');
    this.at++;
    return { kind: 'like', operand, pattern, escape: token.value };
  }

  private postfix(target: Expression): Expression {
    if (this.take('.')) {
      const token = this.next();
      if (token.kind !== 'name') {
        this.at--;
        this.fail('a property name');
      }
      return { kind: 'member', target, name: token.text };
    }
    this.expect('[');
    const index = this.expression();
    this.expect(']');
    return index.kind === 'constant' && typeof index.value === 'string'
      ? { kind: 'member', target, name: index.value }
      : { kind: 'index', target, index };
  }

  private primary(): Expression {
    const token = this.peek();
    switch (token.kind) {
      case 'number':
      case 'string':
        this.at++;
        return { kind: 'constant', value: token.value };
      case 'parameter':
        this.at++;
        return { kind: 'parameter', name: token.text };
      case 'name':
        return this.named(token);
      case 'symbol':
        return this.symbol(token.text);
      default:
        return this.fail('an expression');
    }
  }

  private named(token: Extract<Token, { kind: 'name' }>): Expression {
    const { upper, at } = token;
    if (upper === 'NULL' || upper === 'TRUE' || upper === 'FALSE') {
      this.at++;
      return { kind: 'constant', value: upper === 'NULL' ? null : upper === 'TRUE' };
    }
    if (upper === 'UNDEFINED') {
      this.at++;
      return { kind: 'undefined' };
    }
    if (upper === 'EXISTS' || (upper === 'ARRAY' && this.peek(1).text === '(')) {
      this.at++;
      this.expect('(');
      const query = this.query();
      this.expect(')');
      return { kind: 'subquery', mode: upper === 'EXISTS' ? 'exists' : 'array', query };
    }
    if (upper === 'UDF' && this.peek(1).text === '.') {
      throw new SqlError(`User-defined functions are not supported: udf.${this.peek(2).text}.`);
    }
    if (this.peek(1).text === '(' && !reserved.has(upper)) {
      this.at += 2;
      return { kind: 'call', name: token.text, at, args: this.listUntil(')', () => this.expression()) };
    }
    return { kind: 'name', at, name: this.identifier() };
  }

  private symbol(text: string): Expression {
    switch (text) {
      case '(': {
        this.at++;
        if (this.is('SELECT')) {
          const query = this.query();
          this.expect(')');
          return { kind: 'subquery', mode: 'scalar', query };
        }
        const inner = this.expression();
        this.expect(')');
        return inner;
      }
      case '[':
        this.at++;
        return { kind: 'array', items: this.listUntil(']', () => this.expression()) };
      case '{':
        this.at++;
        return { kind: 'object', fields: this.listUntil('}', () => this.field()) };
      case '-':
      case '+':
      case '~':
        this.at++;
        return unary(text, this.expression(prefix));
      default:
        return this.fail('an expression');
    }
  }

  private field(): { name: string; value: Expression } {
    const token = this.next();
    if (token.kind !== 'name' && token.kind !== 'string') {
      this.at--;
      this.fail('a property name');
    }
    this.expect(':');
    return { name: token.kind === 'string' ? token.value : token.text, value: this.expression() };
  }
}

function unary(operator: string, operand: Expression): Expression {
  if (operator === '-' && operand.kind === 'constant' && typeof operand.value === 'number') {
    return { kind: 'constant', value: -operand.value };
  }
  return { kind: 'unary', operator, operand };
}

function logical(kind: 'all' | 'any', left: Expression, right: Expression): Expression {
  if (left.kind !== kind) return { kind, operands: [left, right] };
  left.operands.push(right);
  return left;
}

/** `c.address.city` is called `city`; a computed value has no name of its own. */
function impliedName(expression: Expression): string | undefined {
  return expression.kind === 'name' || expression.kind === 'member' ? expression.name : undefined;
}
