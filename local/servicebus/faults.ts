/** What drills and tests switch on: each fault is met before anything is applied. */
export interface Faults {
  /** Share of the operations that fail, 0 to 1. */
  rate: number;
  /** How they fail, evenly among those that can happen to the operation. */
  kinds: FaultKind[];
  /** Only operations on this entity, by its path; null: on all. */
  entity: string | null;
  /** Every answer to an operation comes this much later. */
  latencyMs: number;
}

const KINDS = ['server-busy', 'lock-lost', 'connection-drop'] as const;
export type FaultKind = (typeof KINDS)[number];
export type Operation = 'send' | 'settle' | 'manage';

export class FaultSettingError extends Error {}

export const noFaults: Faults = {
  rate: 0,
  kinds: ['server-busy', 'connection-drop'],
  entity: null,
  latencyMs: 0,
};

const fields: { [Name in keyof Faults]: (value: unknown) => boolean } = {
  rate: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  kinds: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((kind) => KINDS.some((known) => known === kind)),
  entity: (value) => value === null || typeof value === 'string',
  latencyMs: (value) => typeof value === 'number' && value >= 0,
};

/** What is not given has its default, so that `{}` ends all faults. */
export function parseFaults(body: unknown): Faults {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new FaultSettingError('The fault settings must be a JSON object.');
  }
  for (const [name, value] of Object.entries(body)) {
    const isValid = Object.hasOwn(fields, name) && fields[name as keyof Faults](value);
    if (!isValid) {
      throw new FaultSettingError(
        `'${name}' is not a fault setting or has a wrong value; known: ${Object.keys(fields).join(', ')}; ` +
          `kinds: ${KINDS.join(', ')}.`,
      );
    }
  }
  return { ...noFaults, ...body };
}

/** The failure this operation is to meet, if any. Only a settlement can find its lock lost. */
export function faultFor(
  { rate, kinds, entity }: Faults,
  operation: Operation,
  path: string,
  chance: number,
  choice: number,
): FaultKind | undefined {
  if (chance >= rate || (entity !== null && entity.toLowerCase() !== path.toLowerCase())) return undefined;
  const possible = kinds.filter((kind) => kind !== 'lock-lost' || operation === 'settle');
  return possible[Math.floor(choice * possible.length)];
}
