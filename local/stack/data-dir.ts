import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StackError, messageOf } from './errors';
import type { StackInfo } from './index';

export interface FunctionKeys {
  master: string;
  function: string;
  system: string;
}

/** Only the owner may read what holds keys. */
const PRIVATE = 0o600;
/** Longer than a host drains after its launcher was killed. */
const ORPHAN_LIMIT_MS = 20_000;

const newKey = (): string => randomBytes(40).toString('base64url');
/** Where the app keeps its key-encryption key. */
export const keyFileOf = (dataDir: string): string => join(dataDir, 'keys', 'kek.json');
const stackFile = (dataDir: string): string => join(dataDir, 'stack.json');
const lockFile = (dataDir: string): string => join(dataDir, 'lock');

interface ProcessIdentity {
  pid: number;
  /** Tells a process from a later one with the same id; only Linux says it. */
  born?: string;
}

function identityOf(pid: number): ProcessIdentity {
  try {
    // Field 22 of /proc/PID/stat; the name in field 2 may hold spaces, so count from its closing bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const born = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return { pid, ...(born ? { born } : {}) };
  } catch {
    return { pid };
  }
}

function isAlive({ pid, born }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM' && !born;
  }
  return born === undefined || identityOf(pid).born === born;
}

/** Takes the data folder for this process; one stack at a time works on it. */
export function lockDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    throw new StackError(
      `The data folder ${dataDir} cannot be made (${messageOf(error)}); choose another with --data.`,
    );
  }
  const me = JSON.stringify(identityOf(process.pid));
  for (let again = true; ; again = false) {
    try {
      writeFileSync(lockFile(dataDir), me, { flag: 'wx', mode: PRIVATE });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new StackError(
          `The data folder ${dataDir} cannot be written (${messageOf(error)}); choose another with --data.`,
        );
      }
      const holder = parse<ProcessIdentity>(readFileSync(lockFile(dataDir), 'utf8'));
      if (!again || (holder && isAlive(holder))) {
        throw new StackError(
          `A stack is already running on ${dataDir} (process ${holder?.pid ?? 'unknown'}). Stop it with "medrelay stop", or choose another folder with --data.`,
        );
      }
      rmSync(lockFile(dataDir), { force: true });
    }
  }
}

export function unlockDataDir(dataDir: string): void {
  rmSync(stackFile(dataDir), { force: true });
  rmSync(lockFile(dataDir), { force: true });
}

/** After a killed launcher its parts end by themselves; a new start waits for them to let go of the data. */
export async function awaitOrphans(dataDir: string): Promise<void> {
  const info = readInfo(dataDir);
  const parts = info ? [info.host, info.serviceBus, info.cosmos, info.azurite, info.services] : [];
  const limit = Date.now() + ORPHAN_LIMIT_MS;
  while (parts.some((part) => isAlive(part)) && Date.now() < limit) await sleep(100);
}

export function writeInfo(dataDir: string, info: StackInfo): void {
  const temporary = `${stackFile(dataDir)}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(info, undefined, 2)}\n`, { mode: PRIVATE });
  renameSync(temporary, stackFile(dataDir));
}

function readInfo(dataDir: string): StackInfo | undefined {
  return existsSync(stackFile(dataDir))
    ? parse<StackInfo>(readFileSync(stackFile(dataDir), 'utf8'))
    : undefined;
}

/** What runs on a data folder, or undefined when its launcher is gone. */
export async function readStack(dataDir: string): Promise<StackInfo | undefined> {
  const info = readInfo(dataDir);
  return info && isAlive(info) ? info : undefined;
}

export const identity = (pid: number | undefined): ProcessIdentity => identityOf(pid ?? 0);

/** Keys are made at the first start and kept, so that scripts and clients survive a restart of the stack. */
export function readKeys(dataDir: string): {
  functionKeys: FunctionKeys;
  sasKey: string;
  keyFile: string;
  functionKeysFile: string;
} {
  const dir = join(dataDir, 'keys');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const functionKeysFile = join(dir, 'function-keys.json');
  const made: FunctionKeys = { master: newKey(), function: newKey(), system: newKey() };
  const functionKeys = parse<Partial<FunctionKeys>>(
    keep(functionKeysFile, `${JSON.stringify(made, undefined, 2)}\n`),
  );
  const { master, function: fn, system } = functionKeys ?? {};
  if (!master || !fn || !system) {
    throw new StackError(
      `${functionKeysFile} is damaged: it must hold the keys master, function and system. Restore it, or delete it to get new ones.`,
    );
  }
  const sasFile = join(dir, 'service-bus.key');
  const sasKey = keep(sasFile, `${randomBytes(32).toString('base64')}\n`).trim();
  if (!/^[\x21-\x7e]+$/.test(sasKey))
    throw new StackError(
      `${sasFile} is damaged: it must hold one key. Restore it, or delete it to get a new one.`,
    );
  return {
    functionKeys: { master, function: fn, system },
    functionKeysFile,
    sasKey,
    // Made by the app itself at first use.
    keyFile: keyFileOf(dataDir),
  };
}

function keep(file: string, content: string): string {
  try {
    writeFileSync(file, content, { flag: 'wx', mode: PRIVATE });
    return content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFileSync(file, 'utf8');
  }
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
