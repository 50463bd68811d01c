import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Recorder } from '../../../local/sinks';

test('keeps the latest thousand of each kind, each of bounded size', () => {
  const dir = mkdtempSync(join(tmpdir(), 'recorder-'));
  const recorder = new Recorder(join(dir, 'received.db'));
  try {
    recorder.add({ kind: 'sms', title: 'kept', details: {}, body: '' });
    for (let n = 0; n < 1_005; n += 1)
      recorder.add({ kind: 'webhook', title: `number ${n};`, details: {}, body: '' });
    recorder.add({ kind: 'webhook', title: 'large', details: {}, body: 'x'.repeat(1_000_000) });
    expect(recorder.list({ kind: 'webhook' })).toHaveLength(200);
    const titled = (title: string) =>
      recorder.list({ contains: title }).filter((entry) => entry.title === title);
    expect([titled('number 5;').length, titled('number 6;').length, titled('kept').length]).toEqual([
      0, 1, 1,
    ]);
    expect(titled('large')[0]?.body.length).toBeLessThan(300_000);
  } finally {
    recorder.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
