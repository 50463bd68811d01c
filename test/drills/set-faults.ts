import { readStack } from '../../local';

/** Switches the faults of a part on (or off, with `{}`), as its README says. */
export async function setFaults(
  dataDir: string,
  part: 'cosmos' | 'serviceBus',
  faults: object,
): Promise<void> {
  const stack = await readStack(dataDir);
  if (!stack) throw new Error('The stack is gone.');
  const { port, connectionString } = stack[part];
  const [, key = ''] = /(?:Account|SharedAccess)Key=([^;]+)/.exec(connectionString) ?? [];
  const answer = await fetch(`http://127.0.0.1:${port}/_local/faults`, {
    method: 'POST',
    headers: { 'x-local-key': key },
    body: JSON.stringify(faults),
  });
  if (!answer.ok) throw new Error(`The faults could not be set: ${answer.status} ${await answer.text()}`);
}
