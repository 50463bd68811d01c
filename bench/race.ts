import { fork } from 'node:child_process';
import { contests, type ContestName } from './contests';
import { alternate } from './statistics';

/** The best round of each side, in microseconds for one repetition. */
export interface Times {
  readonly ours: number;
  readonly other: number;
}

const processes = 3;
const warmUp = 10;
const rounds = 80;

/**
 * The best round of several fresh processes, in which both sides take turns. Other work on the machine only ever adds
 * to a time, and does so unevenly, so the best is what the code costs; what the compiler makes of it differs from
 * process to process.
 */
export async function race(name: ContestName): Promise<Times> {
  const times: Times[] = [];
  for (let i = 0; i < processes; i++) times.push(await raceInProcess(name));
  return {
    ours: Math.min(...times.map(({ ours }) => ours)),
    other: Math.min(...times.map(({ other }) => other)),
  };
}

/** This program once more, for one contest. */
function raceInProcess(name: ContestName): Promise<Times> {
  return new Promise((resolve, reject) => {
    const runner = fork(__filename, ['race', name]);
    runner.once('message', (times) => resolve(times as Times));
    runner.once('exit', (code) => reject(new Error(`The race ${name} ended with exit code ${code}.`)));
  });
}

export async function runRace(name: ContestName): Promise<void> {
  const { ours, other, repetitions } = contests[name]();
  const best = { ours: Infinity, other: Infinity };
  let check = 0;
  const timed = (side: keyof Times, work: () => number) => () => {
    const started = performance.now();
    for (let i = 0; i < repetitions; i++) check += work();
    best[side] = Math.min(best[side], ((performance.now() - started) * 1000) / repetitions);
  };
  const sides = [timed('ours', ours), timed('other', other)] as const;
  await alternate(warmUp, ...sides);
  best.ours = best.other = Infinity;
  await alternate(rounds, ...sides);
  if (check === 0) throw new Error('Nothing was done.');
  process.send?.(best);
}
