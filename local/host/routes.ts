import { HostError } from './errors';

/** A route template of ASP.NET's kind: `{name}`, `{name?}`, `{name:int}`, `{name=default}`, `{*rest}`. */
export interface Route {
  /** The template without leading and trailing slashes, as shown in the function list. */
  readonly template: string;
  /** Route parameters of a path (decoded), or undefined when the path is another's. */
  match(path: string): Record<string, string> | undefined;
  /** Sorts before others when smaller: literals, then constrained, plain and catch-all parameters. */
  readonly precedence: string;
}

type Check = (value: string, argument: string) => boolean;
const number = (value: string): boolean => /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value);
const integer = (value: string): boolean => /^[+-]?\d+$/.test(value);

const CONSTRAINTS: Readonly<Record<string, Check>> = {
  int: (value) => integer(value) && Math.abs(Number(value)) <= 2 ** 31,
  long: (value) => integer(value) && value.length <= 20,
  decimal: number,
  double: number,
  float: number,
  bool: (value) => /^(true|false)$/i.test(value),
  alpha: (value) => /^[a-z]*$/i.test(value),
  guid: (value) => /^\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i.test(value),
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  required: (value) => value !== '',
  length: (value, argument) => {
    const [low = 0, high = low] = argument.split(',').map(Number);
    return value.length >= low && value.length <= high;
  },
  minlength: (value, argument) => value.length >= Number(argument),
  maxlength: (value, argument) => value.length <= Number(argument),
  min: (value, argument) => integer(value) && Number(value) >= Number(argument),
  max: (value, argument) => integer(value) && Number(value) <= Number(argument),
  range: (value, argument) => {
    const [low = NaN, high = NaN] = argument.split(',').map(Number);
    return integer(value) && Number(value) >= low && Number(value) <= high;
  },
  regex: (value, argument) => new RegExp(argument, 'i').test(value),
};

interface Parameter {
  name: string;
  catchAll: boolean;
  optional: boolean;
  defaultValue: string | undefined;
  checks: { check: Check; argument: string }[];
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export function parseRoute(template: string, where: string): Route {
  const trimmed = template.replace(/^\/+|\/+$/g, '');
  const parameters: Parameter[] = [];
  const segments = trimmed === '' ? [] : splitSegments(trimmed);
  let pattern = '';
  let precedence = '';
  segments.forEach((segment, index) => {
    const parts = segment.split(/(\{(?:[^{}]|\{[^}]*\})+\})/).filter((part) => part !== '');
    const parsed = parts.map((part) =>
      part.startsWith('{') ? parseParameter(part.slice(1, -1), where) : part,
    );
    const own = parsed.filter((part): part is Parameter => typeof part !== 'string');
    parameters.push(...own);
    const [only] = own;
    const single = parts.length === 1 ? only : undefined;
    if (single?.catchAll) {
      if (index !== segments.length - 1) {
        throw new HostError(
          `${where}: the catch-all parameter {*${single.name}} must be the last part of the route "${template}".`,
        );
      }
      pattern += index ? '(?:/(.*))?' : '(.*)';
      precedence += '9';
    } else if (single && (single.optional || single.defaultValue !== undefined)) {
      pattern += index ? '(?:/([^/]+))?' : '([^/]+)?';
      precedence += single.checks.length ? '3' : '4';
    } else {
      const body = parsed.map((part) => (typeof part === 'string' ? escape(part) : '([^/]+?)')).join('');
      pattern += (index ? '/' : '') + body;
      precedence += !only ? '1' : parts.length > 1 || only.checks.length ? '3' : '4';
    }
  });
  const regex = new RegExp(`^${pattern}$`, 'i');

  const match = (path: string): Record<string, string> | undefined => {
    const found = regex.exec(path.replace(/^\/+|\/+$/g, ''));
    if (!found) return undefined;
    const values: Record<string, string> = {};
    for (const [index, parameter] of parameters.entries()) {
      const raw = found[index + 1];
      const value = raw === undefined || raw === '' ? parameter.defaultValue : decode(raw);
      if (value === undefined) continue;
      if (!parameter.checks.every(({ check, argument }) => check(value, argument))) return undefined;
      values[parameter.name] = value;
    }
    return values;
  };
  return { template: trimmed, match, precedence };
}

/** Slashes inside braces (a regex constraint) do not part segments. */
function splitSegments(template: string): string[] {
  const segments = [''];
  let depth = 0;
  for (const char of template) {
    if (char === '{') depth += 1;
    if (char === '}') depth -= 1;
    if (char === '/' && depth === 0) segments.push('');
    else segments[segments.length - 1] += char;
  }
  return segments;
}

function parseParameter(text: string, where: string): Parameter {
  const head = /^(\*{0,2})([A-Za-z_][\w.-]*)((?::[a-zA-Z]+(?:\((?:[^()]|\([^)]*\))*\))?)*)(\?|=.*)?$/.exec(
    text,
  );
  if (!head) throw new HostError(`${where}: the route parameter {${text}} cannot be understood.`);
  const [, stars = '', name = '', constraints = '', tail = ''] = head;
  const checks = [...constraints.matchAll(/:([a-zA-Z]+)(?:\(((?:[^()]|\([^)]*\))*)\))?/g)].map(
    ([, kind = '', argument = '']) => {
      const check = CONSTRAINTS[kind.toLowerCase()];
      if (!check) throw new HostError(`${where}: the route constraint "${kind}" in {${text}} is unknown.`);
      return { check, argument };
    },
  );
  return {
    name,
    catchAll: stars !== '',
    optional: tail === '?',
    defaultValue: tail.startsWith('=') ? tail.slice(1) : undefined,
    checks,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
