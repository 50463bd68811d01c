/** What a sink is told to answer instead of its usual success, to whom and how often. */
export interface Rule {
  /** Start of the path; "smtp" is mail. */
  path: string;
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  delayMs?: number;
  /** The connection is cut without an answer. */
  drop?: boolean;
  /** After so many answers the rule is used up. */
  times?: number;
}

export class ScriptError extends Error {}

export class Script {
  #rules: Rule[] = [];

  get rules(): readonly Rule[] {
    return this.#rules;
  }

  replace(text: string): void {
    let rules: unknown;
    try {
      rules = JSON.parse(text);
    } catch {
      throw new ScriptError('The script must be JSON: a list of rules.');
    }
    if (!Array.isArray(rules)) throw new ScriptError('The script must be a list of rules.');
    this.#rules = rules.map(checked);
  }

  take(path: string): Rule | undefined {
    const rule = this.#rules.find((each) => path.startsWith(each.path));
    if (rule?.times === undefined) return rule;
    rule.times -= 1;
    if (rule.times === 0) this.#rules = this.#rules.filter((each) => each !== rule);
    return rule;
  }
}

const TYPES: Readonly<Record<keyof Rule, string>> = {
  path: 'string',
  status: 'number',
  headers: 'object',
  body: 'string',
  delayMs: 'number',
  drop: 'boolean',
  times: 'number',
};

function checked(rule: unknown): Rule {
  const given = Object.entries((rule ?? {}) as Record<string, unknown>);
  for (const [name, value] of given) {
    const type = TYPES[name as keyof Rule];
    if (!type) throw new ScriptError(`A rule has no "${name}"; it has ${Object.keys(TYPES).join(', ')}.`);
    if (typeof value !== type) throw new ScriptError(`"${name}" of a rule must be a ${type}.`);
  }
  const made = Object.fromEntries(given) as unknown as Rule;
  if (typeof made.path !== 'string') throw new ScriptError('A rule must have a path.');
  if (made.times !== undefined && !(made.times >= 1)) throw new ScriptError('"times" must be at least 1.');
  return made;
}
