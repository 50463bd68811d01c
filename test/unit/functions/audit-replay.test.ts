import { app, type InvocationContext } from '@azure/functions';
import { functionServices } from '../../../src/lib/services';

jest.mock('@azure/functions', () => ({ app: { serviceBusQueue: jest.fn(), timer: jest.fn() } }));
jest.mock('../../../src/lib/services', () => ({ functionServices: jest.fn() }));

import '../../../src/functions/audit-replay';

const timer = jest.mocked(app.timer).mock.calls[0];

/** What a run of the timer logs, by level. */
async function run(replayJournal: () => Promise<object>): Promise<{ level: string; line: string }[]> {
  const lines: { level: string; line: string }[] = [];
  const at = (level: string) => (line: string) => void lines.push({ level, line });
  jest.mocked(functionServices).mockReturnValue({ auditReplay: { replayJournal } } as never);
  const context = { info: at('info'), warn: at('warn'), error: at('error') } as unknown as InvocationContext;
  await Promise.resolve(timer?.[1].handler({} as never, context)).catch((error: Error) =>
    lines.push({ level: 'thrown', line: error.message }),
  );
  return lines;
}

test('the journal is replayed every five minutes', () => {
  expect(timer).toMatchObject(['auditJournalReplay', { schedule: '0 */5 * * * *' }]);
});

test('it says what it brought in and what it had to leave', async () => {
  expect(await run(async () => ({ persisted: 0, duplicate: 0, conflict: 0, refused: 0 }))).toEqual([]);
  expect(await run(async () => ({ persisted: 3, duplicate: 0, conflict: 1, refused: 2 }))).toMatchObject([
    { level: 'info', line: 'audit journal: 3 persisted' },
    { level: 'info', line: 'audit journal: 1 conflict' },
    { level: 'error', line: expect.stringContaining('2 refused') as string },
  ]);
});

test('a failure is thrown without its text, so that the run counts as failed', async () => {
  const lines = await run(() => Promise.reject(new Error('CANARY')));
  expect(lines.map(({ level }) => level)).toEqual(['error', 'thrown']);
  expect(JSON.stringify(lines)).not.toContain('CANARY');
});
