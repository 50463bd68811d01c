import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { HostError, messageOf } from './errors';
import { parseTimeSpan } from './timespan';

const count = z.int().min(0);
const positive = z.int().min(1);
/** -1 is unbounded. */
const limit = z.union([positive, z.literal(-1)]).default(-1);

const hostJson = z.object({
  version: z.literal('2.0', 'must be "2.0"'),
  functionTimeout: z.union([z.string(), z.literal(-1)]).optional(),
  functions: z.array(z.string()).optional(),
  extensions: z
    .object({
      http: z
        .object({
          routePrefix: z.string().default('api'),
          customHeaders: z.record(z.string(), z.string()).default({}),
          maxOutstandingRequests: limit,
          maxConcurrentRequests: limit,
        })
        .prefault({}),
      serviceBus: z
        .object({
          maxConcurrentCalls: positive.optional(),
          maxConcurrentSessions: positive.default(8),
          maxConcurrentCallsPerSession: positive.default(1),
          sessionIdleTimeout: z.string().optional(),
          prefetchCount: count.default(0),
          maxAutoLockRenewalDuration: z.string().default('00:05:00'),
          autoCompleteMessages: z.boolean().default(true),
          maxMessageBatchSize: positive.default(1000),
          minMessageBatchSize: positive.default(1),
          maxBatchWaitTime: z.string().default('00:00:30'),
          transportType: z.enum(['amqpTcp', 'amqpWebSockets']).default('amqpTcp'),
          clientRetryOptions: z
            .object({
              mode: z.string().optional(),
              tryTimeout: z.string().optional(),
              delay: z.string().default('00:00:01'),
              maxDelay: z.string().default('00:00:05'),
              maxRetries: count.default(2),
            })
            .prefault({}),
        })
        .prefault({}),
      queues: z
        .object({
          // As in Azure when the environment is Development; elsewhere a minute.
          maxPollingInterval: z.string().default('00:00:02'),
          visibilityTimeout: z.string().default('00:00:00'),
          batchSize: positive.max(32).default(16),
          newBatchThreshold: count.optional(),
          maxDequeueCount: positive.default(5),
          messageEncoding: z.enum(['base64', 'none']).default('base64'),
        })
        .prefault({}),
      blobs: z
        .object({ maxDegreeOfParallelism: positive.optional(), poisonBlobThreshold: positive.default(5) })
        .prefault({}),
      cosmosDB: z.object({ userAgentSuffix: z.string().optional() }).prefault({}),
      durableTask: z.record(z.string(), z.unknown()).prefault({}),
    })
    .prefault({}),
});

/** The settings of host.json that this host honours; all others are accepted and have no effect here. */
export interface HostSettings {
  functionTimeoutMs: number | undefined;
  functions: readonly string[] | undefined;
  http: HttpSettings;
  serviceBus: ServiceBusSettings;
  queues: QueueSettings;
  blobs: { parallelism: number; poisonThreshold: number };
  cosmosUserAgentSuffix: string | undefined;
  /** As written; the Durable extension reads it itself. */
  durableTask: Readonly<Record<string, unknown>>;
}

export interface HttpSettings {
  routePrefix: string;
  customHeaders: Readonly<Record<string, string>>;
  maxOutstanding: number;
  maxConcurrent: number;
}

export interface ServiceBusSettings {
  maxConcurrentCalls: number;
  maxConcurrentSessions: number;
  maxConcurrentCallsPerSession: number;
  sessionIdleTimeoutMs: number | undefined;
  prefetchCount: number;
  maxAutoLockRenewalMs: number;
  autoComplete: boolean;
  maxMessageBatchSize: number;
  minMessageBatchSize: number;
  maxBatchWaitMs: number;
  webSockets: boolean;
  retry: { maxRetries: number; delayMs: number; maxDelayMs: number };
}

export interface QueueSettings {
  maxPollingMs: number;
  visibilityTimeoutMs: number;
  batchSize: number;
  newBatchThreshold: number;
  maxDequeueCount: number;
  base64: boolean;
}

export function readHostJson(appDir: string): HostSettings {
  const file = join(appDir, 'host.json');
  if (!existsSync(file)) {
    throw new HostError(
      `${file} does not exist: --app must be the folder of a Functions app with a host.json.`,
    );
  }
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new HostError(`${file} is not valid JSON: ${messageOf(error)}.`);
  }
  const parsed = hostJson.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HostError(
      `${file}: ${issue?.path.join('.') || 'the file'} ${issue?.message ?? 'is not valid'}.`,
    );
  }
  const { functionTimeout, functions, extensions } = parsed.data;
  const { http, serviceBus, queues, blobs } = extensions;
  const span = (text: string, setting: string): number => parseTimeSpan(text, `${file}: ${setting}`);
  const unbounded = (value: number): number => (value === -1 ? Infinity : value);
  return {
    // Azure's default outside the Consumption plan; -1 is unbounded.
    functionTimeoutMs:
      functionTimeout === -1 || functionTimeout === '-1'
        ? undefined
        : span(functionTimeout ?? '00:30:00', 'functionTimeout'),
    functions,
    http: {
      routePrefix: http.routePrefix.replace(/^\/+|\/+$/g, ''),
      customHeaders: http.customHeaders,
      maxOutstanding: unbounded(http.maxOutstandingRequests),
      maxConcurrent: unbounded(http.maxConcurrentRequests),
    },
    serviceBus: {
      maxConcurrentCalls: serviceBus.maxConcurrentCalls ?? 16 * availableParallelism(),
      maxConcurrentSessions: serviceBus.maxConcurrentSessions,
      maxConcurrentCallsPerSession: serviceBus.maxConcurrentCallsPerSession,
      sessionIdleTimeoutMs:
        serviceBus.sessionIdleTimeout === undefined
          ? undefined
          : span(serviceBus.sessionIdleTimeout, 'serviceBus.sessionIdleTimeout'),
      prefetchCount: serviceBus.prefetchCount,
      maxAutoLockRenewalMs: span(
        serviceBus.maxAutoLockRenewalDuration,
        'serviceBus.maxAutoLockRenewalDuration',
      ),
      autoComplete: serviceBus.autoCompleteMessages,
      maxMessageBatchSize: serviceBus.maxMessageBatchSize,
      minMessageBatchSize: serviceBus.minMessageBatchSize,
      maxBatchWaitMs: span(serviceBus.maxBatchWaitTime, 'serviceBus.maxBatchWaitTime'),
      webSockets: serviceBus.transportType === 'amqpWebSockets',
      retry: {
        maxRetries: serviceBus.clientRetryOptions.maxRetries,
        delayMs: span(serviceBus.clientRetryOptions.delay, 'serviceBus.clientRetryOptions.delay'),
        maxDelayMs: span(serviceBus.clientRetryOptions.maxDelay, 'serviceBus.clientRetryOptions.maxDelay'),
      },
    },
    queues: {
      maxPollingMs: span(queues.maxPollingInterval, 'queues.maxPollingInterval'),
      visibilityTimeoutMs: span(queues.visibilityTimeout, 'queues.visibilityTimeout'),
      batchSize: queues.batchSize,
      newBatchThreshold: queues.newBatchThreshold ?? Math.floor(queues.batchSize / 2),
      maxDequeueCount: queues.maxDequeueCount,
      base64: queues.messageEncoding === 'base64',
    },
    blobs: {
      parallelism: blobs.maxDegreeOfParallelism ?? 8 * availableParallelism(),
      poisonThreshold: blobs.poisonBlobThreshold,
    },
    cosmosUserAgentSuffix: extensions.cosmosDB.userAgentSuffix,
    durableTask: extensions.durableTask,
  };
}
