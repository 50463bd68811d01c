import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the page needs of stack.json, which another process writes and replaces whole. */
export interface StackFile {
  startedAt: string;
  appDir: string;
  host: { url: string };
  serviceBus: { port: number; connectionString: string };
  cosmos: { connectionString: string };
  functionKeys: { master: string };
  services: { sinks?: { port: number }; payer?: { port: number } };
}

/** A fault that the page shows as it is. */
export class PageError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Read anew for every question: parts are restarted, and the page starts before the others. */
export function readStackFile(dataDir: string): StackFile {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8')) as StackFile;
  } catch {
    throw new PageError(503, 'The stack is starting.');
  }
}

export async function fetchJson(part: string, url: string, init: RequestInit = {}): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  } catch {
    throw new PageError(502, `${part} does not answer.`);
  }
  const body = await response.text();
  // A running orchestration is told with 202.
  if (response.ok) return body === '' ? undefined : JSON.parse(body);
  throw new PageError(response.status === 404 ? 404 : 502, `${part} answered ${response.status}.`);
}
