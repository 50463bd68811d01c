import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { HostError, messageOf } from './errors';
import { parseTimeSpan } from './timespan';

const count = z.int().min(0);

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
        })
        .prefault({}),
      serviceBus: z
        .object({
          maxConcurrentCalls: count.min(1).optional(),
          prefetchCount: count.default(0),
          maxAutoLockRenewalDuration: z.string().default('00:05:00'),
          autoCompleteMessages: z.boolean().default(true),
          maxMessageBatchSize: count.min(1).default(1000),
          maxBatchWaitTime: z.string().default('00:00:30'),
        })
        .prefault({}),
      cosmosDB: z.object({ userAgentSuffix: z.string().optional() }).prefault({}),
    })
    .prefault({}),
});

/** The settings of host.json that this host honours; all others are accepted and have no effect here. */
export interface HostSettings {
  functionTimeoutMs: number | undefined;
  functions: readonly string[] | undefined;
  routePrefix: string;
  customHeaders: Readonly<Record<string, string>>;
  serviceBus: ServiceBusSettings;
  cosmosUserAgentSuffix: string | undefined;
}

export interface ServiceBusSettings {
  maxConcurrentCalls: number;
  prefetchCount: number;
  maxAutoLockRenewalMs: number;
  autoComplete: boolean;
  maxMessageBatchSize: number;
  maxBatchWaitMs: number;
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
  const { serviceBus } = extensions;
  return {
    // Azure's default outside the Consumption plan; -1 is unbounded.
    functionTimeoutMs:
      functionTimeout === -1 || functionTimeout === '-1'
        ? undefined
        : parseTimeSpan(functionTimeout ?? '00:30:00', `${file}: functionTimeout`),
    functions,
    routePrefix: extensions.http.routePrefix.replace(/^\/+|\/+$/g, ''),
    customHeaders: extensions.http.customHeaders,
    serviceBus: {
      maxConcurrentCalls: serviceBus.maxConcurrentCalls ?? 16 * availableParallelism(),
      prefetchCount: serviceBus.prefetchCount,
      maxAutoLockRenewalMs: parseTimeSpan(
        serviceBus.maxAutoLockRenewalDuration,
        `${file}: serviceBus.maxAutoLockRenewalDuration`,
      ),
      autoComplete: serviceBus.autoCompleteMessages,
      maxMessageBatchSize: serviceBus.maxMessageBatchSize,
      maxBatchWaitMs: parseTimeSpan(serviceBus.maxBatchWaitTime, `${file}: serviceBus.maxBatchWaitTime`),
    },
    cosmosUserAgentSuffix: extensions.cosmosDB.userAgentSuffix,
  };
}
