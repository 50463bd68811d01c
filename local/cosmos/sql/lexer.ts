/** The query text is wrong or asks for what is not supported: answered as HTTP 400. */
export class SqlError extends Error {
  constructor(message: string, at?: number) {
    super(at === undefined ? message : `Syntax error at position ${at}: ${message}`);
  }
}

export type Token =
  | { kind: 'name'; text: string; upper: string; at: number }
  | { kind: 'parameter'; text: string; upper: ''; at: number }
  | { kind: 'number'; text: string; upper: ''; value: number; at: number }
  | { kind: 'string'; text: string; upper: ''; value: string; at: number }
  | { kind: 'symbol'; text: string; upper: ''; at: number }
  | { kind: 'end'; text: ''; upper: ''; at: number };

const space = /(?:\s|--[^\n]*)+/y;
const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const parameter = /@[A-Za-z_][A-Za-z0-9_]*/y;
const number = /(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y;
const quoted = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y;
const symbol = /\?\?|\|\||<>|!=|<=|>=|>>>|<<|>>|[-+*/%=<>?:.,()[\]{}~&|^]/y;
const escape = /\\(?:u([0-9a-fA-F]{4})|([^]))/g;
const escaped: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  for (;;) {
    at += take(space)?.length ?? 0;
    if (at >= text.length) break;
    const token = next();
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: 'end', text: '', upper: '', at });
  return tokens;

  function next(): Token {
    let found = take(name);
    if (found !== undefined) return { kind: 'name', text: found, upper: found.toUpperCase(), at };
    if ((found = take(number)) !== undefined) {
      return { kind: 'number', text: found, upper: '', value: Number(found), at };
    }
    if ((found = take(quoted)) !== undefined) {
      return { kind: 'string', text: found, upper: '', value: unescape(found), at };
    }
    if ((found = take(parameter)) !== undefined) return { kind: 'parameter', text: found, upper: '', at };
    if ((found = take(symbol)) !== undefined) return { kind: 'symbol', text: found, upper: '', at };
    const character = text[at] ?? '';
    throw new SqlError(
      character === '"' || character === "'"
        ? 'the string is not closed.'
        : `unexpected character ${JSON.stringify(character)}.`,
      at,
    );
  }
}

const unescape = (text: string) =>
  text
    .slice(1, -1)
    .replace(escape, (_, hex: string | undefined, character: string) =>
      hex === undefined ? (escaped[character] ?? character) : String.fromCharCode(parseInt(hex, 16)),
    );
