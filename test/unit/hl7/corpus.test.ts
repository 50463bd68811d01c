import fs from 'node:fs';
import path from 'node:path';
import { checkHeader, parseMessage, readHeader, readRawHeader, splitMessages } from '../../../src/lib/hl7';

/** Public messages that are not part of the repository; the test runs where they were put beside the checkout. */
const corpus = process.env.MEDRELAY_CORPUS ?? path.resolve(__dirname, '../../../../shared/corpus');
const files = fs.existsSync(corpus)
  ? fs.readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(nd)?hl7$/.test(name))
  : [];

(files.length === 0 ? test.skip : test)(
  'every message of the corpus is read to its last leaf or refused with a code',
  () => {
    let messages = 0;
    let leaves = 0;
    for (const file of files)
      for (const raw of splitMessages(fs.readFileSync(path.join(corpus, file))).messages) {
        messages++;
        readRawHeader(raw);
        if (raw.problem !== undefined) continue;
        const message = parseMessage(raw);
        checkHeader(readHeader(message));
        expect(message.segments.map((s) => s.raw).join('\r')).toBe(raw.text);
        for (const segment of message.segments)
          for (let f = 1; f <= segment.fieldCount; f++)
            for (const repetition of segment.field(f).repetitions)
              for (let c = 1; c <= repetition.componentCount; c++)
                for (let s = 1; s <= repetition.component(c).subcomponentCount; s++)
                  if (repetition.get(c, s) !== undefined) leaves++;
      }
    expect(messages).toBeGreaterThanOrEqual(files.length);
    expect(leaves).toBeGreaterThan(messages);
  },
);
