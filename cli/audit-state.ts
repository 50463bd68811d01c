import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { VerifierState } from '../src/lib/audit';
import { MedrelayError } from '../src/lib/errors';

const checkpoint = z.object({ seq: z.number(), size: z.number(), root: z.string(), noteHash: z.string() });
const schema = z.object({
  v: z.literal(1),
  tenantId: z.string(),
  verifiedAt: z.string(),
  logs: z.record(z.string(), checkpoint),
  keys: z.array(z.string()),
});

const fileOf = (folder: string, tenantId: string): string => join(folder, `${tenantId}.json`);

/** What the last verification without findings kept; undefined before the first one. */
export function readState(folder: string, tenantId: string): VerifierState | undefined {
  const file = fileOf(folder, tenantId);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = schema.safeParse(parsedJson(text));
  if (parsed.success && parsed.data.tenantId === tenantId) return parsed.data;
  // Beginning anew would forget what was seen, which is the one thing that this file is for.
  throw new MedrelayError(
    'AUDIT_STATE_INVALID',
    `${file} is not what a verification keeps. Restore it; or move it away, and what it knew is not compared.`,
  );
}

export function writeState(folder: string, state: VerifierState): void {
  const file = fileOf(folder, state.tenantId);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
