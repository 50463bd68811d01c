import { readdirSync, readFileSync } from 'node:fs';

/** Resident bytes of all descendants of this process, the parts of a stack that runs in it among them. Linux only. */
export function residentBytes(): number {
  const children = new Map<number, { pid: number; bytes: number }[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const status = Number.isInteger(pid) ? readStatus(pid) : undefined;
    if (status) children.set(status.parent, [...(children.get(status.parent) ?? []), { pid, ...status }]);
  }
  const below = (parent: number): number =>
    (children.get(parent) ?? []).reduce((sum, { pid, bytes }) => sum + bytes + below(pid), 0);
  return below(process.pid);
}

function readStatus(pid: number): { parent: number; bytes: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return { parent: number('PPid'), bytes: number('VmRSS') * 1024 };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
