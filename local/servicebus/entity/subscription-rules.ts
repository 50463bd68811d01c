import { createHash } from 'node:crypto';
import { RuleError, compileRule, type Rule, type RuleDefinition } from '../rules';
import type { EntityStore } from '../store';

/**
 * The rules of one subscription. Changes made by clients are kept; they are given up when the configuration states
 * other rules than at the last start, because then somebody has edited it and expects to see that.
 */
export class SubscriptionRules {
  private rules: Rule[];
  private readonly source: string;

  constructor(
    configured: readonly RuleDefinition[],
    private readonly store: EntityStore,
  ) {
    this.source = createHash('sha256').update(JSON.stringify(configured)).digest('hex');
    const kept = store.rules();
    const definitions =
      kept.source === this.source
        ? kept.definitions.map((text) => JSON.parse(text) as RuleDefinition)
        : configured;
    this.rules = definitions.map(compileRule);
    if (kept.source !== this.source) this.keep();
  }

  get list(): readonly Rule[] {
    return this.rules;
  }

  /** False when there is a rule of this name. */
  add(definition: RuleDefinition): boolean {
    const rule = compileRule(definition);
    if (this.find(definition.name)) return false;
    if (this.rules.length >= MAX_RULES) {
      throw new RuleError(`A subscription can have ${MAX_RULES} rules, and this one has them.`);
    }
    this.rules.push(rule);
    this.keep();
    return true;
  }

  remove(name: string): boolean {
    const found = this.find(name);
    if (!found) return false;
    this.rules = this.rules.filter((rule) => rule !== found);
    this.keep();
    return true;
  }

  private find(name: string): Rule | undefined {
    return this.rules.find(({ definition }) => definition.name.toLowerCase() === name.toLowerCase());
  }

  private keep(): void {
    this.store.setRules(
      this.source,
      this.rules.map(({ definition }) => JSON.stringify(definition)),
    );
  }
}

/** https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas: filters per topic. */
const MAX_RULES = 2000;
