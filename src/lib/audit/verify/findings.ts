import type { Check, Finding, Verdict } from './types';

/** Collects what is wrong, by name. */
export interface Findings {
  add(check: Check, verdict: Verdict, id: string): void;
  has(check: Check, verdict: Verdict, id: string): boolean;
  list(): Finding[];
}

export function createFindings(): Findings {
  const groups = new Map<string, { check: Check; verdict: Verdict; ids: Set<string> }>();
  return {
    add(check, verdict, id) {
      const key = `${check}/${verdict}`;
      const group = groups.get(key) ?? { check, verdict, ids: new Set() };
      groups.set(key, group);
      group.ids.add(id);
    },
    has: (check, verdict, id) => groups.get(`${check}/${verdict}`)?.ids.has(id) ?? false,
    list: () => [...groups.values()].map(({ check, verdict, ids }) => ({ check, verdict, ids: [...ids] })),
  };
}
