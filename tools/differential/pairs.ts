import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Bundle } from 'fhir/r4';
import { splitMessages } from '../../src/lib/hl7';
import { corpusFolder } from '../corpus';

/** A message with the Bundle that another converter makes of it. */
export interface Pair {
  readonly by: 'microsoft' | 'reportstream';
  readonly place: string;
  readonly text: string;
  readonly theirs: Bundle;
}

export function readPairs(): Pair[] {
  return [...microsoft(), ...reportstream()];
}

function microsoft(): Pair[] {
  const folder = join(corpusFolder(), 'microsoft');
  return globSync('golden/*-expected.json', { cwd: folder })
    .sort()
    .flatMap((file) => {
      const message = `messages/${basename(file, '-expected.json')}.hl7`;
      return pairOf('microsoft', folder, message, file);
    });
}

function reportstream(): Pair[] {
  const folder = join(corpusFolder(), 'reportstream');
  return globSync('{unit,HL7_to_FHIR}/**/*.fhir', { cwd: folder })
    .sort()
    .flatMap((file) => pairOf('reportstream', folder, file.replace(/\.fhir$/, '.hl7'), file));
}

function pairOf(by: Pair['by'], folder: string, message: string, golden: string): Pair[] {
  if (!existsSync(join(folder, message))) return [];
  const theirs = JSON.parse(readFileSync(join(folder, golden), 'utf8')) as Bundle;
  const [raw] = splitMessages(readFileSync(join(folder, message))).messages;
  if (raw === undefined || raw.problem !== undefined || theirs.resourceType !== 'Bundle') return [];
  return [{ by, place: `${by}/${message}`, text: completed(raw.text), theirs }];
}

/** Messages made to test one data type lack what a message needs: a control id, a patient and its identifier. */
function completed(text: string): string {
  const segments = text.split('\r').map((segment) => segment.split(text.charAt(3)));
  const msh = segments[0] ?? [];
  if ((msh[9] ?? '') === '') msh[9] = 'C1';
  for (let i = 0; i < msh.length; i++) msh[i] ??= '';
  let pid = segments.find(([name]) => name === 'PID');
  if (pid === undefined) segments.splice(1, 0, (pid = ['PID']));
  for (let n = 1; n <= 3; n++) pid[n] ??= '';
  if (!/^[^^~]/.test(pid[3] ?? '') && (pid[2] ?? '') === '' && (pid[4] ?? '') === '')
    pid[3] = `P1${pid[3] ?? ''}`;
  return segments.map((fields) => fields.join(text.charAt(3))).join('\r');
}
