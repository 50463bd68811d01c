/** AMQP links of clients wired to the entities of the namespace. */
import {
  create_container,
  message as amqp,
  type Connection,
  type Container,
  type Delivery,
  type EventContext,
  type Receiver,
  type Sender,
  type Session,
} from 'rhea';
import { accessOf, rightOf, type Access, type BusIdentities, type Right } from './access';
import { MalformedMessage, parseMessage, tokenOfTag } from './codec';
import { Consumer } from './consumer';
import { entityDisabled, isReceiveDisabled, type Refusal } from './entity/entity';
import { Queue, type Outcome } from './entity/queue';
import { faultFor, type Faults, type Operation } from './faults';
import {
  Body,
  encodeReply,
  manage,
  parseRequest,
  whyNotSettled,
  type Reply,
  type Request,
} from './management';
import type { Entity, Namespace } from './namespace';
import { sasAccess, type SasKey } from './sas';
import { SESSION_FILTER, SessionAttaches } from './session-attaches';
import type { Turn } from './turn';
import {
  BATCH_FORMAT,
  answerDisposition,
  isCoordinator,
  localAttach,
  keepOutcomesApart,
  noteCoordinators,
  receiveRawMessages,
  refuse,
  socketOf,
  typedEntries,
  type Link,
} from './wire';

/** Messages a sender may have under way; granted anew when half of it is used. */
const SENDER_CREDIT = 1000;

type Handler = (raw: Buffer, delivery: Delivery, session: Session) => void;

export class Broker {
  private readonly consumers = new Map<Sender, Consumer>();
  private readonly byQueue = new Map<Queue, Consumer[]>();
  private readonly incoming = new WeakMap<Receiver, Handler>();
  private readonly authorized = new Map<Connection, Access>();
  private readonly attaches: SessionAttaches;
  readonly container: Container;

  constructor(
    private readonly namespace: Namespace,
    private readonly key: SasKey,
    private readonly now: () => number,
    private readonly turn: Turn,
    private readonly faults: () => Faults,
    onFailure: (error: unknown) => void,
    private readonly identities?: BusIdentities,
  ) {
    this.attaches = new SessionAttaches((consumer) => this.addConsumer(consumer));
    this.container = create_container({
      sender_options: { autosettle: false, treat_modified_as_released: false },
      receiver_options: { credit_window: 0, autoaccept: false },
    });
    this.container.sasl_server_mechanisms.enable_anonymous();
    const on = (event: string, handle: (context: EventContext) => void): void => {
      // A change that could not be stored must stop the broker before it is answered, so nothing is swallowed.
      this.container.on(event, (context: EventContext) => {
        try {
          handle(context);
        } catch (error) {
          onFailure(error);
        }
      });
    };
    on('session_open', ({ session }) => {
      if (!session) return;
      receiveRawMessages(session);
      noteCoordinators(session);
      keepOutcomesApart(session);
    });
    on('sender_open', ({ sender }) => sender && this.attachConsumer(sender));
    on('receiver_open', ({ receiver }) => receiver && this.attachProducer(receiver));
    on('message', (context) => this.receive(context));
    on('sender_flow', ({ sender }) => this.withConsumer(sender, (consumer) => consumer.flow()));
    on('sender_draining', ({ sender }) => this.withConsumer(sender, (consumer) => consumer.drain()));
    on('sendable', ({ sender }) => this.withConsumer(sender, () => undefined));
    on('accepted', ({ delivery }) => this.settle(delivery, { kind: 'complete' }));
    on('released', ({ delivery }) => this.settle(delivery, { kind: 'release' }));
    on('modified', ({ delivery }) => this.settle(delivery, modifiedOutcome(delivery?.remote_state)));
    on('rejected', ({ delivery }) => this.settle(delivery, rejectedOutcome(delivery?.remote_state)));
    on('sender_close', ({ sender }) => this.detach((link) => link === sender));
    on('session_close', ({ session }) => this.detach((link) => link.session === session));
    for (const event of ['connection_close', 'disconnected']) {
      on(event, ({ connection }) => {
        this.authorized.delete(connection);
        this.detach((link) => link.connection === connection);
      });
    }
    // Without a listener rhea prints these or throws; a client that went away is no news to a broker.
    for (const event of [
      'error',
      'connection_error',
      'session_error',
      'sender_error',
      'receiver_error',
      'protocol_error',
    ]) {
      on(event, () => undefined);
    }
  }

  /** Gives the available messages of a queue to its receivers in turn, one each. */
  handOut(queue: Queue): void {
    this.attaches.serve(queue);
    const consumers = this.byQueue.get(queue) ?? [];
    for (let progress = true; progress;) {
      progress = false;
      for (const consumer of consumers) {
        if (!consumer.canTake) continue;
        const delivery = consumer.take();
        // Without sessions, what is not there for one receiver is not there for the next.
        if (!delivery && queue.settings.requiresSession) continue;
        if (!delivery) break;
        consumer.give(delivery);
        progress = true;
      }
    }
    // Whoever was served last waits longest the next time.
    const [first] = consumers.splice(0, 1);
    if (first) consumers.push(first);
    for (const consumer of consumers) consumer.finishDrain();
  }

  private attachConsumer(sender: Sender): void {
    const address = sender.source?.address ?? '';
    const attach = localAttach(sender);
    sender.set_source({ address, filter: sender.source?.filter });
    sender.set_target({ address: sender.target?.address ?? '' });
    attach.snd_settle_mode = sender.snd_settle_mode;
    attach.rcv_settle_mode = sender.rcv_settle_mode;
    if (isCbs(address)) return;
    const right = isManagement(address) ? undefined : 'Listen';
    const entity = this.authorizedEntity(sender, withoutManagement(address), address, right);
    if (!entity || isManagement(address)) return;
    if (!(entity.node instanceof Queue)) {
      return refuse(
        sender,
        'amqp:not-allowed',
        `'${address}' is a topic; receive from one of its subscriptions.`,
      );
    }
    const refusal = receiveRefusal(entity.node, sender);
    if (refusal) return refuse(sender, refusal.condition, refusal.description);
    const consumer = new Consumer(sender, entity.node);
    if (entity.node.settings.requiresSession) this.attaches.accept(consumer);
    else this.addConsumer(consumer);
    this.turn.offer(entity.node);
  }

  private addConsumer(consumer: Consumer): void {
    const { link, queue } = consumer;
    this.consumers.set(link, consumer);
    this.byQueue.set(queue, [...(this.byQueue.get(queue) ?? []), consumer]);
  }

  /** The lock of a receiver's session has run out: the receiver is told, and nothing more is given to it. */
  endSession(owner: object): void {
    if (!(owner instanceof Consumer)) return;
    this.detach((link) => link === owner.link);
    owner.link.close({
      condition: 'com.microsoft:session-lock-lost',
      description: 'The session lock has expired. Accept the session again.',
    });
  }

  /** When the first of the tokens expires. */
  get nextDeadline(): number {
    return Math.min(...[...this.authorized.values()].map(({ expiresAt }) => expiresAt));
  }

  /** The links of a client that has not renewed its token in time are detached; it may put a new one and come back. */
  endExpired(): void {
    const now = this.now();
    for (const [connection, { expiresAt }] of this.authorized) {
      if (expiresAt > now) continue;
      this.authorized.delete(connection);
      connection.each_link((link: Link) => {
        const address = (link.is_sender() ? link.source : link.target)?.address ?? '';
        if (isCbs(address)) return;
        this.detach((sender) => sender === link);
        // Words and condition of the service (dapr/components-contrib issue 809).
        const details = `Unauthorized access. '${link.is_sender() ? 'Listen' : 'Send'}' claim(s) are required to perform this operation. Resource: '${address}'.`;
        link.close({
          condition: 'amqp:link:detach-forced',
          description: `The link '${link.name}' is force detached. Code: RenewToken. Details: ${details}`,
        });
      });
    }
  }

  private attachProducer(receiver: Receiver): void {
    if (isCoordinator(receiver)) {
      const reason = 'The local Service Bus endpoint does not support transactions.';
      return refuse(receiver, 'amqp:not-implemented', reason);
    }
    const address = receiver.target?.address ?? '';
    receiver.set_source({ address: receiver.source?.address ?? '' });
    receiver.set_target({ address });
    const handler = this.handlerFor(receiver, address);
    if (!handler) return;
    this.incoming.set(receiver, handler);
    receiver.add_credit(SENDER_CREDIT);
  }

  private handlerFor(receiver: Receiver, address: string): Handler | undefined {
    if (isCbs(address)) return (raw, delivery, session) => this.authenticate(raw, delivery, session);
    const right = isManagement(address) ? undefined : 'Send';
    const entity = this.authorizedEntity(receiver, withoutManagement(address), address, right);
    if (!entity) return undefined;
    if (isManagement(address)) return (raw, delivery, session) => this.manage(entity, raw, delivery, session);
    const { maxMessageSize } = entity;
    if (maxMessageSize === undefined) {
      refuse(receiver, 'amqp:not-allowed', `Nothing can be sent to '${address}'.`);
      return undefined;
    }
    localAttach(receiver).max_message_size = maxMessageSize;
    return (raw, delivery) => this.enqueue(entity.node, maxMessageSize, raw, delivery);
  }

  /** Of a `$management` node the rights depend on the operation. */
  private authorizedEntity(
    link: Link,
    path: string,
    address: string,
    right: Right | undefined,
  ): Entity | undefined {
    const access = this.authorized.get(link.connection);
    if (access && right && !access.grants(right, path)) {
      const claims = `'${right}' claim(s) are required to perform this operation.`;
      refuse(link, 'amqp:unauthorized-access', `Unauthorized access. ${claims} Resource: '${address}'.`);
      return undefined;
    }
    if (!access) {
      refuse(
        link,
        'amqp:unauthorized-access',
        `Unauthorized access to '${address}': put a token to $cbs first.`,
      );
      return undefined;
    }
    const entity = this.namespace.find(path);
    // The SDKs recognise an unknown entity by this sentence.
    if (!entity) refuse(link, 'amqp:not-found', `The messaging entity '${address}' could not be found.`);
    return entity;
  }

  private receive({ receiver, delivery, message, session }: EventContext): void {
    if (!receiver || !delivery || !session) return;
    // rhea types a message; receiveRawMessages makes it the bytes.
    this.incoming.get(receiver)?.(message as unknown as Buffer, delivery, session);
    const { credit } = receiver as Receiver & { credit: number };
    if (credit <= SENDER_CREDIT / 2) receiver.add_credit(SENDER_CREDIT - credit);
  }

  private enqueue(node: Entity['node'], maxMessageSize: number, raw: Buffer, delivery: Delivery): void {
    const reject = (condition: string, description: string): void =>
      this.answer(() => delivery.reject({ condition, description }));
    const fault = this.faultOf('send', node.path, delivery.link.connection);
    if (fault === 'connection-drop') return;
    if (fault) return reject(BUSY.condition, BUSY.description);
    if (raw.length > maxMessageSize) {
      return reject(
        'amqp:link:message-size-exceeded',
        `The message of ${raw.length} bytes is larger than the limit of ${maxMessageSize} bytes.`,
      );
    }
    try {
      // All of a batch is understood before any of it is stored.
      const messages = (delivery.format === BATCH_FORMAT ? unbatch(raw) : [raw]).map(parseMessage);
      const refusal = node.refusal(messages);
      if (refusal) return reject(refusal.condition, refusal.description);
      for (const message of messages) node.enqueue(message);
    } catch (error) {
      if (error instanceof MalformedMessage)
        return reject('amqp:decode-error', `Not an AMQP message: ${error.message}.`);
      throw error;
    }
    this.answer(() => delivery.accept());
  }

  /** The fault that a drill has for this operation; a dropped connection is dropped. */
  private faultOf(operation: Operation, path: string, connection: Connection): ReturnType<typeof faultFor> {
    const fault = faultFor(this.faults(), operation, path, Math.random(), Math.random());
    if (fault === 'connection-drop') socketOf(connection)?.destroy();
    return fault;
  }

  /** After the commit, and as late as a drill wants it. */
  private answer(answer: () => void): void {
    const { latencyMs } = this.faults();
    if (latencyMs === 0) this.turn.answer(answer);
    else {
      this.turn.plan();
      setTimeout(() => this.turn.answer(answer), latencyMs);
    }
  }

  private settle(delivery: Delivery | undefined, outcome: Outcome): void {
    const consumer = delivery && this.consumers.get(delivery.link as Sender);
    if (!consumer || typeof delivery.tag === 'string') return;
    const { queue } = consumer;
    const token = tokenOfTag(delivery.tag);
    const fault = this.faultOf('settle', queue.path, delivery.link.connection);
    if (fault === 'connection-drop') return;
    if (fault === 'lock-lost') queue.loseLocks([token]);
    const error = fault === 'server-busy' ? undefined : queue.settle(token, outcome);
    const answer =
      fault === 'server-busy'
        ? rejected(BUSY.condition, BUSY.description)
        : error
          ? rejected(error, whyNotSettled(error))
          : accepted();
    this.answer(() => answerDisposition(delivery, answer));
  }

  private authenticate(raw: Buffer, delivery: Delivery, session: Session): void {
    const request = parseRequest(raw);
    const access = this.accessOf(request);
    const problem = typeof access === 'string' ? access : undefined;
    if (typeof access !== 'string') this.authorized.set(session.connection, access);
    delivery.accept();
    this.reply(
      session,
      request,
      problem
        ? { status: 401, description: problem, condition: 'amqp:unauthorized-access' }
        : { status: 202, description: 'Accepted' },
    );
  }

  /** What a token gives; a sentence when it is not good. */
  private accessOf({ properties, body }: Request): Access | string {
    switch (properties['type']) {
      case 'servicebus.windows.net:sastoken':
        return sasAccess(String(body), this.key, this.now());
      case 'jwt':
        if (!this.identities) return 'No identities are known here: connect with a connection string.';
        return (
          accessOf(String(body), this.identities) ??
          'InvalidSignature: The token is not in time, not meant for Service Bus, or not of the trusted identity endpoint.'
        );
      default:
        return 'The type of token must be servicebus.windows.net:sastoken or jwt.';
    }
  }

  private manage(entity: Entity, raw: Buffer, delivery: Delivery, session: Session): void {
    const request = parseRequest(raw);
    const fault = this.faultOf('manage', entity.node.path, session.connection);
    if (fault === 'connection-drop') return;
    let reply: Reply;
    try {
      const operation = String(request.properties['operation']);
      const right = rightOf(operation);
      const isAllowed = this.authorized.get(session.connection)?.grants(right, entity.node.path) ?? false;
      reply = fault
        ? { ...BUSY, status: 503 }
        : isAllowed
          ? manage(entity, operation, new Body(request.body))
          : {
              status: 401,
              description: `Unauthorized access. '${right}' claim(s) are required to perform this operation.`,
              condition: 'amqp:unauthorized-access',
            };
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      reply = {
        status: 400,
        description: `Not an AMQP message: ${error.message}.`,
        condition: 'amqp:decode-error',
      };
    }
    delivery.accept();
    this.reply(session, request, reply);
  }

  /** To the link of the same session that names itself, or its target, as the request's reply-to. */
  private reply(session: Session, request: Request, reply: Reply): void {
    const link = session.find_sender(
      (sender: Sender) => sender.name === request.replyTo || sender.target?.address === request.replyTo,
    );
    if (!link) return;
    this.answer(() => {
      const sent = link.send(encodeReply(request, reply), undefined, 0);
      (sent as { settled: boolean }).settled = true;
    });
  }

  private withConsumer(sender: Sender | undefined, act: (consumer: Consumer) => void): void {
    const consumer = sender && this.consumers.get(sender);
    if (!consumer) return;
    act(consumer);
    this.turn.offer(consumer.queue);
  }

  /** Locks of messages outlive the link until they expire; that of a session ends with it. */
  private detach(gone: (link: Sender) => boolean): void {
    this.attaches.forget(gone);
    for (const [link, consumer] of this.consumers) {
      if (!gone(link)) continue;
      this.consumers.delete(link);
      const left = (this.byQueue.get(consumer.queue) ?? []).filter((other) => other !== consumer);
      this.byQueue.set(consumer.queue, left);
      consumer.queue.releaseSession(consumer);
    }
  }
}

const BUSY: Refusal = {
  condition: 'com.microsoft:server-busy',
  description: 'The server is busy. Please retry operation.',
};

/** The service gives a receiver of the wrong kind the same two sentences. */
function receiveRefusal({ path, settings }: Queue, { source }: Sender): Refusal | undefined {
  const { requiresSession, forwardTo, status } = settings;
  const asksForSession =
    source.filter !== undefined && source.filter !== null && SESSION_FILTER in source.filter;
  const notAllowed = (description: string): Refusal => ({ condition: 'amqp:not-allowed', description });
  if (isReceiveDisabled(status)) return entityDisabled(path);
  if (forwardTo !== null)
    return notAllowed(`'${path}' forwards its messages to '${forwardTo}'; receive from there.`);
  if (requiresSession && !asksForSession) {
    return notAllowed(
      'It is not possible for an entity that requires sessions to create a non-sessionful message receiver.',
    );
  }
  if (!requiresSession && asksForSession) {
    return notAllowed(
      'A sessionful message receiver cannot be created on an entity that does not require sessions.',
    );
  }
  return undefined;
}

const isCbs = (address: string): boolean => address.toLowerCase() === '$cbs';
const isManagement = (address: string): boolean => /\/\$management$/i.test(address);
const withoutManagement = (address: string): string => address.replace(/\/\$management$/i, '');

function unbatch(raw: Buffer): Buffer[] {
  const { body } = amqp.decode(raw) as { body?: { content?: unknown; multiple?: boolean } };
  const parts: unknown[] = Array.isArray(body?.content) ? body.content : [body?.content];
  return parts.map((part) => {
    if (!Buffer.isBuffer(part)) throw new MalformedMessage('a batch must hold encoded messages');
    return part;
  });
}

interface RemoteState {
  value?: unknown[];
  undeliverable_here?: boolean;
  error?: { condition?: string; description?: string };
}

function modifiedOutcome(state: RemoteState | undefined): Outcome {
  const properties = typedEntries(state?.value?.[2]);
  return { kind: state?.undeliverable_here ? 'defer' : 'abandon', properties };
}

function rejectedOutcome(state: RemoteState | undefined): Outcome {
  const [typedError] = (state?.value ?? []) as { value?: unknown[] }[];
  const { condition, description } = state?.error ?? {};
  const named = condition !== undefined && condition !== 'com.microsoft:dead-letter';
  return {
    kind: 'dead-letter',
    properties: {
      ...(named ? { DeadLetterReason: condition } : {}),
      ...(named && description ? { DeadLetterErrorDescription: description } : {}),
      ...typedEntries(typedError?.value?.[2]),
    },
  };
}

interface Outcomes {
  accepted(): { described(): unknown };
  rejected(fields: { error: { condition: string; description: string } }): { described(): unknown };
}
const outcomes = amqp as unknown as Outcomes;
const accepted = (): unknown => outcomes.accepted().described();
const rejected = (condition: string, description: string): unknown =>
  outcomes.rejected({ error: { condition, description } }).described();
