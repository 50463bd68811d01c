import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../../cli/terminal';
import { attacks, foundIn } from '../support/audit/attacks';
import { wireTrail } from '../support/audit/wire-trail';

/**
 * A trail is recorded and sealed over the wire; then, attack by attack, the account is stopped, its file is edited, it is
 * started again, and the default check must name exactly what was done.
 */
export async function tamperDrill(events: number, pattern: RegExp): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'medrelay-drill-tamper-'));
  const started = Date.now();
  const seconds = (since: number): string => ((Date.now() - since) / 1000).toFixed(1);
  const third = Math.floor(events / 4);
  const trail = await wireTrail(folder, { north: events - third - 10, south: third, west: 10 });
  let missed = 0;
  let checks = 0;
  try {
    console.log(`Recorded, sealed and found clean in ${seconds(started)} s:`);
    console.log(table(trail.clean.map(({ tenantId, counts }) => ({ tenant: tenantId, ...counts }))));
    for (const { name, tamper, andMore, trustedKeys } of attacks.filter((each) => pattern.test(each.name))) {
      const since = Date.now();
      const expected = [...(await trail.attack(() => Promise.resolve(tamper(trail))))].sort();
      const found = foundIn(await trail.verify(trustedKeys?.()));
      const judged = andMore ? found.filter((each) => expected.includes(each)) : found;
      const isFound = expected.length > 0 && judged.join('\n') === expected.join('\n');
      checks += 1;
      if (!isFound) missed += 1;
      console.log(
        `${isFound ? 'found ' : 'MISSED'} ${seconds(since).padStart(5)} s  ${name} (${expected.length})`,
      );
      if (!isFound) console.log({ expected: expected.slice(0, 10), found: found.slice(0, 10) });
      await trail.restore();
    }
    const left = foundIn(await trail.verify());
    console.log(
      `${checks - missed} of ${checks} attacks found by name; ${left.length} findings in the clean trail.`,
    );
    if (missed > 0 || left.length > 0) process.exitCode = 1;
  } finally {
    await trail.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`Drill tamper ${process.exitCode ? 'failed' : 'passed'} in ${seconds(started)} s.`);
}
