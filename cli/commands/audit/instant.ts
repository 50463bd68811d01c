import { InvalidArgumentError } from 'commander';

export function instant(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new InvalidArgumentError('It must be an instant such as 2026-03-01T00:00:00Z.');
  return new Date(time).toISOString();
}
