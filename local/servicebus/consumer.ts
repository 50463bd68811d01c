import type { Sender } from 'rhea';
import { tagOfToken } from './codec';
import type { Delivery, Queue } from './entity/queue';
import type { SenderInternals } from './wire';

/** One attached receiver of a client and the credit it has given. */
export class Consumer {
  /** Deliveries this receiver has asked for, and those it was given, since the link began. */
  private asked = 0;
  private given = 0;
  private draining = false;
  private drainAnswer = false;
  private readonly internals: SenderInternals;
  readonly settled: boolean;

  constructor(
    readonly link: Sender,
    readonly queue: Queue,
  ) {
    this.internals = link as SenderInternals;
    this.settled = link.snd_settle_mode === 1;
    this.internals._get_drain = () => this.spendCredit();
  }

  /** The next message for this receiver, if there is one. */
  take(): Delivery | undefined {
    return this.queue.take(this.settled, this);
  }

  /** Also bounded by the session's buffer of deliveries, which holds them until they are settled. */
  get canTake(): boolean {
    return this.given < this.asked && this.internals.session.outgoing.available() > 0;
  }

  flow(): void {
    // rhea counts a delivery only when its frame is written, so what is granted is taken from the sum.
    this.asked = this.internals.credit + this.internals.delivery_count;
  }

  drain(): void {
    this.draining = true;
  }

  give(delivery: Delivery): void {
    this.given++;
    const tag = delivery.token === null ? undefined : tagOfToken(delivery.token);
    const sent = this.link.send(delivery.bytes, tag, 0);
    if (this.settled) (sent as { settled: boolean }).settled = true;
  }

  /** Nothing more is available: what is left of the credit is given back, even when nothing is left. */
  finishDrain(): void {
    if (!this.draining) return;
    this.draining = false;
    this.drainAnswer = true;
    this.internals.issue_flow = true;
    this.internals.connection._register();
  }

  /** Called by rhea while it writes the flow frame, after the transfers that were due. */
  private spendCredit(): boolean {
    if (!this.drainAnswer) return false;
    this.drainAnswer = false;
    const unsent = this.given - this.internals.delivery_count;
    this.internals.delivery_count += this.internals.credit - unsent;
    this.internals.credit = unsent;
    this.given = this.asked;
    return true;
  }
}
