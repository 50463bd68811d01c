import { createHash } from 'node:crypto';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { writeEvidence, type EvidenceSummary } from '../../../../src/lib/audit/evidence/bundle';
import { TENANT, type Trail } from './trail';

export async function bundleOf(
  { reader, signer }: Pick<Trail, 'reader' | 'signer'>,
  from = '2025-12-30T08:00:00Z',
  to = '2026-01-02T12:00:00Z',
): Promise<{ zip: Buffer; summary: EvidenceSummary }> {
  const chunks: Uint8Array[] = [];
  const summary = await writeEvidence(
    {
      tenantId: TENANT,
      from,
      to,
      reader,
      signing: [signer.spki],
      now: new Date('2026-01-05T12:00:00Z'),
    },
    (chunk) => {
      chunks.push(chunk);
      return Promise.resolve();
    },
  );
  return { zip: Buffer.concat(chunks), summary };
}

/** A line of a file of JSON lines. */
export type Line = Record<string, unknown>;

/** An unpacked bundle for somebody who changes it, and then makes the manifest fit. */
export class Unpacked {
  readonly files: Map<string, string>;

  constructor(zip: Uint8Array) {
    this.files = new Map(Object.entries(unzipSync(zip)).map(([name, bytes]) => [name, strFromU8(bytes)]));
  }

  text(name: string): string {
    const text = this.files.get(name);
    if (text === undefined) throw new Error(`The bundle has no ${name}.`);
    return text;
  }

  json(name: string): Line {
    return JSON.parse(this.text(name)) as Line;
  }

  lines(name: string): Line[] {
    return this.text(name)
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  }

  edit(name: string, change: (lines: Line[]) => Line[] | void): void {
    const lines = this.lines(name);
    const changed = change(lines) ?? lines;
    this.files.set(name, changed.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  editJson(name: string, change: (json: Line) => void): void {
    const json = this.json(name);
    change(json);
    this.files.set(name, JSON.stringify(json));
  }

  /** With the hashes that the manifest states made right, as anybody can. */
  zip(): Uint8Array {
    this.editJson('manifest.json', (manifest) => {
      manifest['files'] = [...this.files]
        .filter(([name]) => name !== 'manifest.json')
        .map(([name, text]) => ({ name, sha256: createHash('sha256').update(text).digest('hex') }));
    });
    return this.zipAsIs();
  }

  zipAsIs(): Uint8Array {
    return zipSync(Object.fromEntries([...this.files].map(([name, text]) => [name, strToU8(text)])));
  }
}
