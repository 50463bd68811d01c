import { createHash } from 'node:crypto';
import { MedrelayError } from '../../errors';

export interface ZippedFile {
  readonly name: string;
  readonly size: number;
  /** hex */
  readonly sha256: string;
}

/** Files one after another; nothing is held but what is not written yet. */
export interface ZipWriter {
  file(name: string, pieces: AsyncIterable<string> | Iterable<string>): Promise<ZippedFile>;
  end(): Promise<void>;
}

/** Zip files without the extension "zip64", which not every reader knows, end here. */
const MOST_BYTES = 2 ** 32 - 2 ** 20;

export function createZipWriter(write: (chunk: Uint8Array) => Promise<void>, mtime: Date): ZipWriter {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only an export needs it: no cold start pays for it
  const { Zip, ZipDeflate } = require('fflate') as typeof import('fflate');
  const ready: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    ready.push(chunk);
  });
  let total = 0;
  async function flush(): Promise<void> {
    for (const chunk of ready.splice(0)) {
      total += chunk.length;
      if (total > MOST_BYTES) throw tooLarge();
      await write(chunk);
    }
  }
  return {
    async file(name, pieces) {
      const entry = new ZipDeflate(name);
      entry.mtime = mtime;
      zip.add(entry);
      const sha256 = createHash('sha256');
      let size = 0;
      for await (const piece of pieces) {
        const bytes = Buffer.from(piece, 'utf8');
        sha256.update(bytes);
        size += bytes.length;
        if (size > MOST_BYTES) throw tooLarge();
        entry.push(bytes);
        await flush();
      }
      entry.push(new Uint8Array(0), true);
      return { name, size, sha256: sha256.digest('hex') };
    },
    async end() {
      zip.end();
      await flush();
    },
  };
}

const tooLarge = (): MedrelayError =>
  new MedrelayError('EVIDENCE_TOO_LARGE', 'The bundle would exceed 4 GB. Export a shorter range.');
