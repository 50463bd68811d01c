import fs from 'node:fs';
import { convertMessage, Rejection } from '../../../src/lib/convert';
import { validateBundle } from '../../../src/lib/fhir';
import { parseMessage } from '../../../src/lib/hl7';
import { expectedRejection } from '../../../tools/conformance/expected-rejections';
import { corpusFolder, openProfile, readSamples, type Sample } from '../../../tools/corpus';

/** Public messages that are not part of the repository; the samples stand in for them where they are not there. */
const samples = readSamples();

/** What a code claims, read from the text without our parser. */
const claims: Readonly<Record<string, (fields: (segment: string, n: number) => string[]) => boolean>> = {
  NO_CONTROL_ID: (fields) => fields('MSH', 9).join('').trim() === '',
  NO_MESSAGE_TYPE: (fields) => fields('MSH', 8).join('').trim() === '',
  NO_PATIENT: (fields) => fields('PID', 0).length === 0,
  NO_PATIENT_ID: (fields) =>
    [3, 2, 4].some((n) => fields('PID', n).some((ids) => !ids.split('~').some((id) => /^[^^&"\s]/.test(id)))),
};

function fieldsOf({ raw }: Sample): (segment: string, n: number) => string[] {
  const text = Buffer.from(raw.bytes).toString('latin1');
  const start = text.indexOf('MSH');
  const separator = text.charAt(start + 3);
  const segments = text
    .slice(start)
    .split(/[\r\n]+/)
    .map((line) => line.split(separator));
  return (segment, n) => segments.filter(([name]) => name === segment).map((fields) => fields[n] ?? '');
}

function fate({ raw }: Sample): string {
  if (raw.problem !== undefined) return raw.problem;
  try {
    const { bundle, ledger } = convertMessage(parseMessage(raw), { tenantId: 'test', profile: openProfile });
    expect(validateBundle(bundle)).toEqual([]);
    expect(ledger.carried + ledger.kept + ledger.unknown).toBe(ledger.entries.length);
    return 'converted';
  } catch (error) {
    if (error instanceof Rejection) return error.code;
    throw error;
  }
}

test('every message is converted to valid R4, or refused with the code that the list justifies', () => {
  expect(samples.length).toBeGreaterThan(fs.existsSync(corpusFolder()) ? 600 : 20);
  const wrong = samples
    .map((sample) => ({ sample, found: fate(sample), wanted: expectedRejection(sample.hash) ?? 'converted' }))
    .filter(({ found, wanted }) => found !== wanted)
    .map(({ sample, found, wanted }) => `${sample.place}: ${found}, wanted ${wanted}`);
  expect(wrong).toEqual([]);
});

test('what a code says of a message is true', () => {
  const untrue = samples.filter((sample) => {
    const claim = claims[expectedRejection(sample.hash) ?? ''];
    return claim !== undefined && !claim(fieldsOf(sample));
  });
  expect(untrue.map(({ place }) => place)).toEqual([]);
});
