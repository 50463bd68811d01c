import type { EmulatorConfig } from './config';
import { Queue, type EntityContext, type QueueSettings } from './entity/queue';
import { Topic } from './entity/topic';
import type { Store } from './store';

export interface Entity {
  node: Queue | Topic;
  /** undefined: nothing can be sent here. */
  maxMessageSize: number | undefined;
}

/** Every queue, topic, subscription and dead-letter queue by its path. */
export class Namespace {
  private readonly entities = new Map<string, Entity>();
  readonly nodes: readonly (Queue | Topic)[];

  constructor(
    config: EmulatorConfig,
    private readonly store: Store,
    private readonly context: EntityContext,
  ) {
    for (const queue of config.queues) this.addQueue(queue.name, queue, queue.maxMessageSize);
    for (const { name, subscriptions, duplicateWindow, defaultTimeToLive, maxMessageSize } of config.topics) {
      const added = subscriptions.map((subscription) => {
        const ttl = Math.min(subscription.defaultTimeToLive ?? Infinity, defaultTimeToLive ?? Infinity);
        const settings = { ...subscription, defaultTimeToLive: Number.isFinite(ttl) ? ttl : null };
        return {
          queue: this.addQueue(`${name}/Subscriptions/${subscription.name}`, settings, undefined),
          filters: subscription.filters,
        };
      });
      const topic = new Topic(name, added, duplicateWindow, store.entity(name), context);
      this.entities.set(name.toLowerCase(), { node: topic, maxMessageSize });
    }
    this.nodes = [...this.entities.values()].map((entity) => entity.node);
  }

  private addQueue(path: string, settings: QueueSettings, maxMessageSize: number | undefined): Queue {
    const deadLetterPath = `${path}/$DeadLetterQueue`;
    const deadLetters = new Queue(
      deadLetterPath,
      { ...settings, defaultTimeToLive: null, duplicateWindow: null },
      this.store.entity(deadLetterPath),
      this.context,
    );
    const queue = new Queue(path, settings, this.store.entity(path), this.context, deadLetters);
    this.entities.set(path.toLowerCase(), { node: queue, maxMessageSize });
    this.entities.set(deadLetterPath.toLowerCase(), { node: deadLetters, maxMessageSize: undefined });
    return queue;
  }

  /** By an AMQP address: a path, or a URI whose path it is. Letter case does not count. */
  find(address: string): Entity | undefined {
    const path = address.replace(/^(?:amqps?|sb):\/\/[^/]*/i, '').replace(/^\/+|\/+$/g, '');
    return this.entities.get(path.toLowerCase());
  }

  counts(): Record<string, { active: number; scheduled: number; deadLetter: number }> {
    const counts: Record<string, { active: number; scheduled: number; deadLetter: number }> = {};
    for (const { node } of this.entities.values()) {
      if (!(node instanceof Queue) || !node.deadLetterQueue) continue;
      counts[node.path] = { ...node.counts(), deadLetter: node.deadLetterQueue.counts().active };
    }
    return counts;
  }
}
