import type { Queue } from './entity/queue';
import type { Store } from './store';

/**
 * Group commit. Everything that arrives in one turn of the event loop shares a transaction; then the messages that
 * became available are handed out, the transaction is committed, and only after that the answers are given. rhea
 * writes its frames on a later tick, so no frame that speaks of a change leaves before the change is in the file.
 */
export class Turn {
  private readonly available = new Set<Queue>();
  private answers: (() => void)[] = [];
  private planned = false;
  private ended = false;

  constructor(
    private readonly store: Store,
    private readonly handOut: (queue: Queue) => void,
    private readonly onEnd: () => void,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  answer(answer: () => void): void {
    this.answers.push(answer);
    this.plan();
  }

  offer(queue: Queue): void {
    this.available.add(queue);
    this.plan();
  }

  plan(): void {
    if (this.planned || this.ended) return;
    this.planned = true;
    setImmediate(() => this.run());
  }

  /** Commits what is open; there are no further turns. */
  end(): void {
    this.run();
    this.ended = true;
  }

  /** Nothing more is committed or answered. */
  abort(): void {
    this.ended = true;
  }

  private run(): void {
    this.planned = false;
    if (this.ended) return;
    try {
      for (const queue of this.available) {
        this.available.delete(queue);
        this.handOut(queue);
      }
      this.store.commit();
      const answers = this.answers;
      this.answers = [];
      for (const answer of answers) answer();
      this.onEnd();
    } catch (error) {
      this.onFailure(error);
    }
  }
}
