import { badRequest, CosmosError } from './errors';

/** What drills switch on; only requests for items are hit, before anything is applied. */
export interface Faults {
  /** Share of the requests that fail, 0 to 1. */
  rate: number;
  /** The statuses they fail with, evenly. */
  statuses: number[];
  /** With 429: how long the client is told to wait. */
  retryAfterMs: number;
  /** Added to every request. */
  latencyMs: number;
  /** Every request fails with 503. */
  down: boolean;
}

export const noFaults: Faults = {
  rate: 0,
  statuses: [429, 503],
  retryAfterMs: 10,
  latencyMs: 0,
  down: false,
};

const fields: { [Name in keyof Faults]: (value: unknown) => boolean } = {
  rate: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  statuses: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((status) => status >= 400 && status < 600),
  retryAfterMs: (value) => typeof value === 'number' && value >= 0,
  latencyMs: (value) => typeof value === 'number' && value >= 0,
  down: (value) => typeof value === 'boolean',
};

/** What is not given has its default, so that `{}` ends all faults. */
export function parseFaults(body: unknown): Faults {
  const given = Object.entries((body ?? {}) as Record<string, unknown>);
  for (const [name, value] of given) {
    const valid = Object.hasOwn(fields, name) ? fields[name as keyof Faults] : undefined;
    if (valid === undefined || !valid(value)) {
      throw badRequest(
        `'${name}' is not a fault setting or has a wrong value; known: ${Object.keys(fields).join(', ')}.`,
      );
    }
  }
  return { ...noFaults, ...Object.fromEntries(given) };
}

/** The failure this request is to meet, if any. */
export function faultFor(faults: Faults, chance: number, choice: number): CosmosError | undefined {
  if (faults.down) return new CosmosError(503, 'Fault drill: the service is away.');
  if (chance >= faults.rate) return undefined;
  const status = faults.statuses[Math.floor(choice * faults.statuses.length)] ?? 503;
  return new CosmosError(status, `Fault drill: answered with ${status}.`, status === 429 ? 3200 : undefined);
}
