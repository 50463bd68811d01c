import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { buildLocal } from '../host/support';

const built = buildLocal({ cli: 'cli/main.ts' });
const folder = mkdtempSync(join(tmpdir(), 'medrelay-memory-'));
afterAll(() => {
  built.remove();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Loaded before the command: tells at its end how much memory it ever had. Linux begins `maxRSS` with what the process
 * that spawned it had (getrusage(2): it is kept over exec), here a whole test run; VmHWM is of this program alone.
 */
const meter = join(folder, 'meter.js');
writeFileSync(
  meter,
  `const { existsSync, readFileSync, writeSync } = require('node:fs');
   const own = () => /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
   const most = () => existsSync('/proc/self/status') ? own() : process.resourceUsage().maxRSS;
   process.on('exit', () => writeSync(2, 'maxRSS ' + most() + '\\n'));`,
);

const count = 4000;
const megabytes = 80;

async function writeBatch(file: string): Promise<void> {
  const out = createWriteStream(file);
  const note = `NTE|1||${'text '.repeat(200)}\r`.repeat((megabytes * 1000) / count);
  out.write('FHS|^~\\&|A\rBHS|^~\\&|A\r');
  for (let i = 0; i < count; i++) {
    // An event that nobody knows: what is measured is reading, not converting.
    const message = `MSH|^~\\&|APP|FAC|MR|GEN|20260101||ZZZ^Z99|M${i}|P|2.5.1\r${note}`;
    if (!out.write(message)) await once(out, 'drain');
  }
  out.end(`BTS|${count + 1}\rFTS|1\r`);
  await once(out, 'finish');
}

test(`convert --ndjson of a batch of ${megabytes} MB: each message its fate, the count checked, below 300 MB`, async () => {
  const file = join(folder, 'batch.hl7');
  await writeBatch(file);
  const child = spawn(process.execPath, [
    '-r',
    meter,
    join(built.dir, 'cli.js'),
    'convert',
    '--ndjson',
    file,
  ]);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  const lines = output.trim().split('\n');
  expect(lines).toHaveLength(count);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
    key: `demo|APP|FAC|M${count - 1}`,
    status: 'rejected',
  });
  expect(errors).toContain(
    `BATCH_COUNT_MISMATCH: BTS-1 declares ${count + 1} messages, the batch holds ${count}.`,
  );
  const maxMegabytes = Number(/maxRSS (\d+)/.exec(errors)?.[1]) / 1024;
  expect(maxMegabytes).toBeGreaterThan(20);
  expect(maxMegabytes).toBeLessThan(300);
});
