/** One fault in a resource. Says where and which rule, never the value: a value may be a patient's. */
export interface Issue {
  /** A key of the standard (`obs-6`) where it has one, else a name of ours (`required`, `format`). */
  readonly rule: string;
  /** FHIRPath-like: `Bundle.entry[0].resource.referenceRange[1].low`. */
  readonly path: string;
  readonly safeMessage: string;
}

/** Enough to show what is wrong; hostile input must not turn into millions of issues. */
const MAX_ISSUES = 1000;

/** The place being looked at and what was found so far. The path is only put together when there is an issue. */
export class Findings {
  readonly issues: Issue[] = [];
  private readonly segments: (string | number)[] = [];

  constructor(private readonly root: string) {}

  enter(segment: string | number): void {
    this.segments.push(segment);
  }

  leave(): void {
    this.segments.pop();
  }

  get depth(): number {
    return this.segments.length;
  }

  report(rule: string, safeMessage: string, ...below: readonly (string | number)[]): void {
    if (this.issues.length > MAX_ISSUES) return;
    if (this.issues.length === MAX_ISSUES) {
      this.issues.push({ rule: 'too-many', path: this.root, safeMessage: `more than ${MAX_ISSUES} issues` });
      return;
    }
    let path = this.root;
    for (const segment of [...this.segments, ...below])
      path += typeof segment === 'number' ? `[${segment}]` : `.${segment}`;
    this.issues.push({ rule, path, safeMessage });
  }
}
