import type { Diagnostic } from '../hl7';

/** The diagnostics of one conversion, in order. */
export class Findings {
  readonly all: Diagnostic[] = [];
  readonly #once = new Set<string>();

  add(diagnostic: Diagnostic): void {
    this.all.push(diagnostic);
  }

  addOnce(
    severity: Diagnostic['severity'],
    code: string,
    safeMessage: string,
    at: { location(): string },
  ): void {
    if (this.#once.has(code)) return;
    this.#once.add(code);
    this.all.push({
      severity,
      code,
      location: at.location(),
      safeMessage: `${safeMessage} (first at this place)`,
    });
  }
}
