/** Where frames go. */
export interface Intake {
  /** Resolves once the broker has the message, or with the reason why not. `ack` is '' where the sender wants none. */
  receive(bytes: Uint8Array): Promise<{ readonly status: number; readonly ack: string }>;
  /** Queues a message unchecked. */
  enqueue(bytes: Uint8Array): Promise<unknown>;
  /** The acknowledgement of a frame that could not be handed over; only its beginning where it is too large. */
  refuse(bytes: Uint8Array, code: 'TOO_LARGE' | 'NOT_TAKEN'): string;
}

export interface Counts {
  connections: number;
  /** Messages that the broker has. */
  queued: number;
  /** Answered with a refusal that sending again does not change. */
  refused: number;
  /** Answered "send it again later". */
  notTaken: number;
}
