import { ScriptError } from '../sinks';

/** What the payer says to whom: by the member's number, else to everybody. */
export interface PayerRule {
  memberId?: string;
  answer: PayerAnswer;
  /** After so many answers the rule is used up. */
  times?: number;
}

const ANSWERS = ['active', 'inactive', 'notFound', 'unavailable', 'timeout', '503', 'malformed'] as const;
export type PayerAnswer = (typeof ANSWERS)[number];

export class PayerScript {
  #rules: PayerRule[] = [];

  get rules(): readonly PayerRule[] {
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

  take(memberId: string): PayerAnswer {
    const rule =
      this.#rules.find((each) => each.memberId === memberId) ??
      this.#rules.find((each) => each.memberId === undefined);
    if (rule?.times !== undefined) {
      rule.times -= 1;
      if (rule.times === 0) this.#rules = this.#rules.filter((each) => each !== rule);
    }
    return rule?.answer ?? 'active';
  }
}

function checked(rule: unknown): PayerRule {
  const { memberId, answer, times, ...rest } = (rule ?? {}) as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new ScriptError(`A rule has no "${unknown}"; it has memberId, answer, times.`);
  const known = ANSWERS.find((each) => each === answer);
  if (!known) throw new ScriptError(`"answer" must be one of ${ANSWERS.join(', ')}.`);
  if (memberId !== undefined && typeof memberId !== 'string')
    throw new ScriptError('"memberId" must be text.');
  if (times === undefined) return { answer: known, ...(memberId === undefined ? {} : { memberId }) };
  if (typeof times !== 'number' || !(times >= 1)) throw new ScriptError('"times" must be at least 1.');
  return { answer: known, times, ...(memberId === undefined ? {} : { memberId }) };
}
