/**
 * The parts of rhea that a broker needs and its typings leave out. Everything here was read in rhea 3.0.5
 * (lib/session.js, lib/link.js); the tests over the wire are what notices a change.
 */
import type { Socket } from 'node:net';
import type { Connection, Delivery, Receiver, Sender, Session, Typed } from 'rhea';

export type Link = Sender | Receiver;

interface Attach {
  source?: unknown;
  target?: unknown;
  max_message_size?: number;
  snd_settle_mode?: number;
  rcv_settle_mode?: number;
  properties?: Record<string, unknown>;
}

type LinkInternals = {
  local: { attach: Attach };
};

export type SenderInternals = Sender & {
  credit: number;
  delivery_count: number;
  issue_flow: boolean;
  _get_drain: () => boolean;
  session: { outgoing: { available(): number } };
  connection: { _register(): void };
};

type Transfer = { performative: { message_format: number | null | undefined } };

/** Any format but 0 makes rhea hand over a message's bytes; 0 would have it decode them. */
const PLAIN_FORMAT = 0x4d520000;
/** Several complete messages as the data sections of one (the SDKs' batches). */
export const BATCH_FORMAT = 0x80013700;

/** For this session, and no other user of rhea in this process, messages arrive as the bytes that were sent. */
export function receiveRawMessages(session: Session): void {
  const hooked = session as Session & { on_transfer(frame: Transfer): void };
  const deliver = hooked.on_transfer.bind(session);
  hooked.on_transfer = (frame) => {
    if (!frame.performative.message_format) frame.performative.message_format = PLAIN_FORMAT;
    deliver(frame);
  };
}

/** One direction of a session: what has an outcome that is still to be written. */
interface Half {
  updated: readonly { state?: unknown }[];
  pending_dispositions?: readonly { state?: unknown }[];
  update(delivery: unknown, settled: boolean | undefined, state: unknown): void;
  process(session: Session): void;
}

const kept = new WeakSet<Session>();

/**
 * rhea (3.0.5, write_dispositions) writes the outcomes of neighbouring deliveries as one range. It compares the first of
 * them with none: a rejection right behind an acceptance goes out as accepted, and a message is lost. So what is pending
 * is written before an outcome that is not the same joins it.
 */
export function keepOutcomesApart(session: Session): void {
  if (kept.has(session)) return;
  kept.add(session);
  const { incoming, outgoing } = session as unknown as { incoming: Half; outgoing: Half };
  for (const half of [incoming, outgoing]) {
    const update = half.update.bind(half);
    half.update = (delivery, settled, state) => {
      const last = (half.pending_dispositions ?? half.updated).at(-1);
      if (last && !(isAcceptance(last.state) && isAcceptance(state))) half.process(session);
      update(delivery, settled, state);
    };
  }
}

/** amqp:accepted:list, amqp-core-messaging 3.4.2. */
const isAcceptance = (state: unknown): boolean =>
  Number((state as { descriptor?: { value?: unknown } } | undefined)?.descriptor?.value) === 0x24;

type AttachFrame = {
  performative: { name: string; target: { descriptor?: { value?: unknown } } | undefined };
};

const coordinators = new WeakMap<Session, Set<string>>();

/**
 * Notes the links to a transaction coordinator (amqp-core-transactions 4.5.1), a kind of target that rhea does not know
 * and would print a warning about.
 */
export function noteCoordinators(session: Session): void {
  const names = new Set<string>();
  coordinators.set(session, names);
  const hooked = session as Session & { on_attach(frame: AttachFrame): void };
  const attach = hooked.on_attach.bind(session);
  hooked.on_attach = (frame) => {
    const code = frame.performative.target?.descriptor?.value;
    if (Number(code) === 0x30 || code === 'amqp:coordinator:list') {
      names.add(frame.performative.name);
      frame.performative.target = undefined;
    }
    attach(frame);
  };
}

export function isCoordinator(link: Link): boolean {
  return coordinators.get(link.session)?.has(link.name) ?? false;
}

interface OpenState {
  state: { local_open: boolean; open_requests: number };
}

/** Takes back the answer that rhea gives to every attach, until somebody opens the link. */
export function holdBackAttach(link: Link): void {
  const { state } = link as unknown as OpenState;
  state.local_open = false;
  state.open_requests = 0;
}

export const socketOf = (connection: Connection): Socket | undefined =>
  (connection as unknown as { socket?: Socket }).socket;

export function localAttach(link: Link): Attach {
  return (link as unknown as LinkInternals).local.attach;
}

/** AMQP refuses a link by answering the attach with neither source nor target and detaching at once. */
export function refuse(link: Link, condition: string, description: string): void {
  const attach = localAttach(link);
  attach.source = undefined;
  attach.target = undefined;
  link.close({ condition, description });
}

/**
 * Answers the disposition of a receiver in second settle mode. The peer never says "settled" itself, so rhea is
 * told that it did: otherwise the delivery stays in the session's buffer for good.
 */
export function answerDisposition(delivery: Delivery, outcome: unknown): void {
  delivery.update(true, outcome);
  (delivery as { remote_settled: boolean }).remote_settled = true;
}

/** The entries of a map as it came over the wire, each value with its AMQP type. Null entries count as absent. */
export function typedEntries(map: unknown): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  const items = isTyped(map) && Array.isArray(map.value) ? (map.value as unknown[]) : [];
  for (let i = 0; i + 1 < items.length; i += 2) {
    const [key, value] = [items[i], items[i + 1]];
    if (isTyped(key) && isTyped(value) && value.value !== null) entries.push([String(key.value), value]);
  }
  return Object.fromEntries(entries);
}

function isTyped(value: unknown): value is Typed {
  return typeof value === 'object' && value !== null && 'type' in value && 'value' in value;
}
