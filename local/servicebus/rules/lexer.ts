/** Text of a SQL filter or action cut into tokens. */

/** What is wrong with an expression, in a sentence that quotes the place and never a message. */
export class RuleError extends Error {}

export type Token = { readonly at: number } & (
  | { readonly kind: 'word'; readonly text: string }
  /** Quoted or in brackets: never a keyword. */
  | { readonly kind: 'identifier'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'symbol'; readonly text: string }
  | { readonly kind: 'end' }
);

const SPACE = /\s+/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?/iy;
const WORD = /\p{L}[\p{L}\p{Nd}_]*/uy;
const STRING = /'((?:[^']|'')*)'/y;
const QUOTED = /"((?:[^"]|"")+)"/y;
const BRACKETED = /\[((?:[^\]]|\]\])+)\]/y;
const SYMBOL = /<>|!=|>=|<=|[=<>+\-*/%(),.;]/y;

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  for (;;) {
    at += match(SPACE)?.[0].length ?? 0;
    if (at === text.length) return [...tokens, { kind: 'end', at }];
    const [token, length] = next(at, match);
    tokens.push(token);
    at += length;
  }

  function next(from: number, find: typeof match): [Token, number] {
    const number = find(NUMBER);
    if (number) return [{ kind: 'number', value: Number(number[0]), at: from }, number[0].length];
    const word = find(WORD);
    if (word) return [{ kind: 'word', text: word[0], at: from }, word[0].length];
    const string = find(STRING);
    if (string) {
      return [{ kind: 'string', value: (string[1] ?? '').replaceAll("''", "'"), at: from }, string[0].length];
    }
    const quoted = find(QUOTED);
    if (quoted) {
      return [
        { kind: 'identifier', text: (quoted[1] ?? '').replaceAll('""', '"'), at: from },
        quoted[0].length,
      ];
    }
    const bracketed = find(BRACKETED);
    if (bracketed) {
      const name = (bracketed[1] ?? '').replaceAll(']]', ']');
      return [{ kind: 'identifier', text: name, at: from }, bracketed[0].length];
    }
    const symbol = find(SYMBOL);
    if (symbol) return [{ kind: 'symbol', text: symbol[0], at: from }, symbol[0].length];
    throw new RuleError(`Unexpected '${text[from] ?? ''}' at position ${from + 1} of the expression.`);
  }
}
