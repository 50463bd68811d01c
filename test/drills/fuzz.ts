import { fuzzOnce } from '../support/fuzz';
import { growthBar, measureGrowth } from './growth';

/** Messages nobody would send, and then messages that grow: see test/unit/convert/fuzz.test.ts for the promises. */
export function fuzzDrill(messages: number, from: number, shapes: RegExp): void {
  const findings = new Map<string, { count: number; seed: number }>();
  const counts = { converted: 0, rejected: 0 };
  for (let seed = from; seed < from + messages; seed++) {
    const { converted, rejected, findings: found } = fuzzOnce(seed);
    counts.converted += converted;
    counts.rejected += rejected;
    for (const finding of found) {
      const known = findings.get(finding);
      if (known === undefined) findings.set(finding, { count: 1, seed });
      else known.count++;
    }
  }
  console.log(
    `${messages} messages: ${counts.converted} Bundles, ${counts.rejected} refused, ${findings.size} findings`,
  );
  for (const [finding, { count, seed }] of findings) console.log(`  ${count}  ${finding}  (seed ${seed})`);

  console.log(`\ncost of a byte in 10 MB / in 100 KB, at most ${growthBar}`);
  let isLinear = true;
  for (const { shape, little, much } of measureGrowth(shapes)) {
    const ratio = much.nanosecondsPerByte / little.nanosecondsPerByte;
    const isMet = ratio <= growthBar && little.isValid && much.isValid;
    isLinear &&= isMet;
    console.log(
      `  ${shape.padEnd(20)} ${ratio.toFixed(2).padStart(6)}  (${little.nanosecondsPerByte.toFixed(0)} -> ` +
        `${much.nanosecondsPerByte.toFixed(0)} ns)${isMet ? '' : '  MISSED'}${much.isValid ? '' : ', not valid R4'}`,
    );
  }
  if (findings.size > 0 || !isLinear) process.exitCode = 1;
}
