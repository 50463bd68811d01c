import { InvalidArgumentError, Option } from 'commander';
import { join } from 'node:path';
import { checkout } from './checkout';

/** The same folder from wherever the command is called. */
export const defaultDataDir = join(checkout, '.medrelay');

export const dataOption = (): Option =>
  new Option('--data <dir>', 'data folder of the local stack').default(defaultDataDir, '.medrelay');

export const limitOption = (): Option =>
  new Option('--limit <n>', 'at most so many').argParser(count).default(50);

export const tenantOption = (): Option =>
  new Option('--tenant <id>', 'tenant (default: the setting DEFAULT_TENANT)');

export function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

export function partitions(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 to 100.');
}

export function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('It must be a port number; 0 takes a free one.');
}

function count(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}
