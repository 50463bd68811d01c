import { badRequest, CosmosError } from './errors';

/** What drills switch on; only requests for items are hit. */
export interface Faults {
  /** Share of the requests that fail, 0 to 1; before anything is applied. */
  rate: number;
  /** The statuses they fail with, evenly. */
  statuses: number[];
  /** In place of the usual one of the status: 410 is 1002 (range gone), 429 is 3200. */
  substatus: number | null;
  /** So many requests fail or lose their answer, then no more; 0 = without end. */
  times: number;
  /** With 429 and 449: how long the client is told to wait. */
  retryAfterMs: number;
  /** Added to every request. */
  latencyMs: number;
  /** Share of the requests that are applied and whose answer is lost: the connection is cut. */
  lost: number;
  /** Every request fails with 503. */
  down: boolean;
}

export const noFaults: Faults = {
  rate: 0,
  statuses: [429, 503],
  substatus: null,
  times: 0,
  retryAfterMs: 10,
  latencyMs: 0,
  lost: 0,
  down: false,
};

const isShare = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1;
const isAmount = (value: unknown) => typeof value === 'number' && value >= 0;

const fields: { [Name in keyof Faults]: (value: unknown) => boolean } = {
  rate: isShare,
  statuses: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((status) => status >= 400 && status < 600),
  substatus: (value) => value === null || Number.isInteger(value),
  times: isAmount,
  retryAfterMs: isAmount,
  latencyMs: isAmount,
  lost: isShare,
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

const substatuses: Record<number, number> = { 410: 1002, 429: 3200 };

/** The failure this request is to meet, if any. */
export function faultFor(faults: Faults, chance: number, choice: number): CosmosError | undefined {
  if (faults.down) return new CosmosError(503, 'Fault drill: the service is away.');
  if (chance >= faults.rate) return undefined;
  const status = faults.statuses[Math.floor(choice * faults.statuses.length)] ?? 503;
  return new CosmosError(
    status,
    `Fault drill: answered with ${status}.`,
    faults.substatus ?? substatuses[status],
  );
}
