import { asBuffer, parseMessage } from './codec';
import type { EmulatorConfig } from './config';
import type { Passage, Refusal } from './entity/entity';
import { Queue, type EntityContext, type QueueSettings } from './entity/queue';
import { SubscriptionRules } from './entity/subscription-rules';
import { Topic } from './entity/topic';
import type { MessageContent, Store } from './store';

export interface Entity {
  node: Queue | Topic;
  /** undefined: nothing can be sent here. */
  maxMessageSize: number | undefined;
  /** Of a subscription. */
  rules?: SubscriptionRules;
}

export interface Counts {
  active: number;
  scheduled: number;
  deadLetter: number;
}

/** Every queue, topic, subscription and sub-queue by its path. */
export class Namespace {
  private readonly entities = new Map<string, Entity>();
  private readonly context: EntityContext;
  readonly nodes: readonly (Queue | Topic)[];

  constructor(
    config: EmulatorConfig,
    private readonly store: Store,
    events: Omit<EntityContext, 'forward'>,
  ) {
    this.context = { ...events, forward: (...args) => this.forward(...args) };
    for (const queue of config.queues) this.addQueue(queue.name, queue, queue.maxMessageSize);
    for (const { name, subscriptions, defaultTimeToLive, maxMessageSize, ...settings } of config.topics) {
      const added = subscriptions.map((subscription) => {
        const ttl = Math.min(subscription.defaultTimeToLive ?? Infinity, defaultTimeToLive ?? Infinity);
        const own = { ...subscription, defaultTimeToLive: Number.isFinite(ttl) ? ttl : null };
        const path = `${name}/Subscriptions/${subscription.name}`;
        const rules = new SubscriptionRules(subscription.rules, store.entity(path));
        return { queue: this.addQueue(path, own, undefined, rules), rules };
      });
      const topic = new Topic(name, added, settings, store.entity(name), this.context);
      this.entities.set(name.toLowerCase(), { node: topic, maxMessageSize });
    }
    this.nodes = [...this.entities.values()].map((entity) => entity.node);
  }

  private addQueue(
    path: string,
    settings: QueueSettings,
    maxMessageSize: number | undefined,
    rules?: SubscriptionRules,
  ): Queue {
    const side = {
      deadLetters: this.addSubQueue(`${path}/$DeadLetterQueue`, settings),
      transferDeadLetters: this.addSubQueue(`${path}/$Transfer/$DeadLetterQueue`, settings),
    };
    const queue = new Queue(path, settings, this.store.entity(path), this.context, side);
    this.entities.set(path.toLowerCase(), { node: queue, maxMessageSize, ...(rules ? { rules } : {}) });
    return queue;
  }

  /** Dead letters neither expire nor travel on, and are received without sessions. */
  private addSubQueue(path: string, settings: QueueSettings): Queue {
    const own: QueueSettings = {
      ...settings,
      defaultTimeToLive: null,
      duplicateWindow: null,
      requiresSession: false,
      forwardTo: null,
      forwardDeadLettersTo: null,
    };
    const queue = new Queue(path, own, this.store.entity(path), this.context);
    this.entities.set(path.toLowerCase(), { node: queue, maxMessageSize: undefined });
    return queue;
  }

  private forward(path: string, content: MessageContent, passage: Passage): Refusal | undefined {
    const node = this.find(path)?.node;
    if (!node)
      return { condition: 'amqp:not-found', description: `The entity '${path}' could not be found.` };
    // What was scheduled was due at the first entity.
    const incoming = {
      ...content,
      scheduledFor: null,
      messageId: parseMessage(asBuffer(content.bare)).messageId,
    };
    const refusal = node.refusal([incoming]);
    if (!refusal) node.enqueue(incoming, passage);
    return refusal;
  }

  /** By an AMQP address: a path, or a URI whose path it is. Letter case does not count. */
  find(address: string): Entity | undefined {
    const path = address.replace(/^(?:amqps?|sb):\/\/[^/]*/i, '').replace(/^\/+|\/+$/g, '');
    return this.entities.get(path.toLowerCase());
  }

  counts(): Record<string, Counts> {
    const counts: Record<string, Counts> = {};
    for (const { node } of this.entities.values()) {
      if (!(node instanceof Queue) || !node.side) continue;
      counts[node.path] = { ...node.counts(), deadLetter: node.side.deadLetters.counts().active };
    }
    return counts;
  }
}
