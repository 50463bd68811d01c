import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { formatProof, noteKey, parseCheckpoint, parseNote } from '../../../../src/lib/audit/merkle';
import { localSigner, signedNote } from '../../../support/audit/log-builder';
import { bundleOf, Unpacked, type Line } from './bundle';
import { createReader, createTrail, type Trail } from './trail';

/** A folder with the verifier and nothing else: no node_modules, no package.json, here or above. */
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'medrelay-verifier-'));
const verifier = path.join(folder, 'medrelay-verify.mjs');
let trail: Trail;
let good: Buffer;
let key: string;

beforeAll(async () => {
  fs.copyFileSync(path.join(__dirname, '../../../../verifier/medrelay-verify.mjs'), verifier);
  trail = await createTrail();
  good = (await bundleOf(trail)).zip;
  key = noteKey(trail.signer.spki).fingerprint;
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Verdict {
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

function run(args: readonly string[], node = process.execPath): Verdict {
  const env = { PATH: '/nonexistent' };
  const { status, stdout, stderr } = spawnSync(node, [verifier, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { status, lines: stdout.split('\n').slice(0, -1), errors: stderr };
}

function check(zip: Uint8Array, keys = [key], node?: string, kept: readonly string[] = []): Verdict {
  const file = path.join(folder, 'bundle.zip');
  fs.writeFileSync(file, zip);
  const notes = kept.flatMap((text, n) => {
    const note = path.join(folder, `${n}.note`);
    fs.writeFileSync(note, text);
    return ['--checkpoint', note];
  });
  return run([file, ...keys.flatMap((each) => ['--key', each]), ...notes], node);
}

/** The Node that the machine has, outside of any node_modules: an auditor's. */
const machineNode =
  (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((each) => !each.includes('node_modules'))
    .map((each) => path.join(each, 'node'))
    .find((each) => fs.existsSync(each)) ?? process.execPath;

/** What it found, without what it says about the bundle besides. */
const found = ({ lines }: Verdict): string[] => lines.filter((line) => /^[A-Z-]+ [a-z]+: /.test(line));

const EVENTS = 'events/20251231.ndjson';
const LEAVES = 'leaves/2025.ndjson';
const CHECKPOINTS = 'checkpoints/2025.ndjson';
const at = (lines: readonly Line[], n: number): Line => {
  const line = lines.at(n);
  if (!line) throw new Error('The bundle is too small for this.');
  return line;
};
const hashOf = (event: Line): string =>
  createHash('sha256').update('\0').update(JSON.stringify(event)).digest('hex');
const renumber = (lines: Line[], from: number): Line[] =>
  lines.map((line, n) => ({ ...line, index: from + n }));
const indexOf = (bundle: Unpacked, event: Line): number =>
  bundle.lines(LEAVES).findIndex(({ id }) => id === event['id']);

it('accepts a bundle, on its own', () => {
  const verdict = check(good);
  expect(verdict).toMatchObject({ status: 0, errors: '' });
  expect(verdict.lines.at(-1)).toBe('verdict: INTACT');
  expect(verdict.lines[0]).toBe(
    'tenant north, events from 2025-12-30T00:00:00.000Z up to 2026-01-03T00:00:00.000Z',
  );
  expect(found(verdict)).toEqual([]);
});

it('accepts it on the Node that the machine has, too', () => {
  expect(check(good, [key], machineNode)).toMatchObject({ status: 0 });
});

it('uses nothing but modules of Node', () => {
  const imported = [
    ...fs.readFileSync(verifier, 'utf8').matchAll(/\bfrom '([^']+)'|import\('([^']+)'\)|require\(/g),
  ];
  expect(imported.map(([, name, type]) => name ?? type)).toEqual(expect.arrayContaining(['node:crypto']));
  expect(imported.filter(([, name, type]) => !(name ?? type)?.startsWith('node:'))).toEqual([]);
});

it('accepts bundles of any range: before the first event, of one day, and to the end', async () => {
  for (const [from, to] of [
    ['2025-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'],
    ['2026-01-04T10:00:00Z', '2026-02-01T00:00:00Z'],
  ] as const) {
    const { zip, summary } = await bundleOf(trail, from, to);
    expect([summary.missing, summary.unsealed]).toEqual([[], []]);
    expect(found(check(zip))).toEqual([]);
  }
});

describe('rejects a bundle', () => {
  /** Name, damage, and what must be said; `ids` are the ones of the events concerned. */
  const damages: readonly [string, (bundle: Unpacked) => string[] | Promise<string[]>][] = [
    [
      'with an event changed',
      (bundle) => {
        const event = at(bundle.lines(EVENTS), 5);
        bundle.edit(EVENTS, (lines) => void (at(lines, 5)['outcome'] = '8'));
        return [`MODIFIED events: ${event['id']}`];
      },
    ],
    [
      'with protected text swapped between two events',
      (bundle) => {
        const [one, two] = [at(bundle.lines(EVENTS), 3), at(bundle.lines(EVENTS), 9)];
        bundle.edit(EVENTS, (lines) => {
          [at(lines, 3)['phi'], at(lines, 9)['phi']] = [two['phi'], one['phi']];
        });
        return [`MODIFIED events: ${one['id']}, ${two['id']}`];
      },
    ],
    [
      'with an event and its leaf changed',
      (bundle) => {
        bundle.edit(EVENTS, (lines) => void (at(lines, 5)['outcome'] = '8'));
        const event = at(bundle.lines(EVENTS), 5);
        bundle.edit(LEAVES, (lines) => void (at(lines, indexOf(bundle, event))['hash'] = hashOf(event)));
        return [
          expect.stringMatching(/^MODIFIED leaves: 2025\/\d+\.\.\d+$/),
          expect.stringMatching(/^UNPROVEN events: /),
        ];
      },
    ],
    [
      'without an event',
      (bundle) => {
        const event = at(bundle.lines(EVENTS), 5);
        bundle.edit(EVENTS, (lines) => lines.filter(({ id }) => id !== event['id']));
        return [`MISSING events: ${event['id']}`];
      },
    ],
    [
      'without an event and its leaf',
      (bundle) => {
        const event = at(bundle.lines(EVENTS), 5);
        const leaf = at(bundle.lines(LEAVES), indexOf(bundle, event));
        bundle.edit(EVENTS, (lines) => lines.filter(({ id }) => id !== event['id']));
        bundle.edit(LEAVES, (lines) => lines.filter(({ id }) => id !== event['id']));
        return [expect.stringContaining(`MISSING leaves: 2025/${leaf['index']}..${leaf['index']}`)];
      },
    ],
    [
      'without an event and its leaf, the others moved up',
      (bundle) => {
        const event = at(bundle.lines(EVENTS), 5);
        bundle.edit(EVENTS, (lines) => lines.filter(({ id }) => id !== event['id']));
        bundle.edit(LEAVES, (lines) =>
          renumber(
            lines.filter(({ id }) => id !== event['id']),
            Number(at(lines, 0)['index']),
          ),
        );
        return [
          expect.stringMatching(/^MODIFIED leaves: 2025\//),
          expect.stringMatching(/^MISSING leaves: 2025\//),
        ];
      },
    ],
    [
      'with an event more',
      (bundle) => {
        bundle.edit(EVENTS, (lines) => [...lines, { ...at(lines, 0), id: 'stranger' }]);
        return ['EXTRA events: stranger'];
      },
    ],
    [
      'with an event and a leaf more',
      (bundle) => {
        const event = { ...at(bundle.lines(EVENTS), 0), id: 'stranger' };
        bundle.edit(EVENTS, (lines) => [...lines, event]);
        bundle.edit(LEAVES, (lines) => {
          const from = Number(at(lines, 0)['index']);
          const leaf = { id: 'stranger', day: '20251231', hash: hashOf(event) };
          return renumber([...lines.slice(0, 40), leaf, ...lines.slice(40)], from);
        });
        return [
          expect.stringMatching(/^MODIFIED leaves: 2025\//),
          expect.stringMatching(/^UNSIGNED leaves: 2025\//),
        ];
      },
    ],
    [
      'with an event twice',
      (bundle) => {
        bundle.edit(EVENTS, (lines) => [...lines, at(lines, 7)]);
        return [`DUPLICATE events: ${at(bundle.lines(EVENTS), 7)['id']}`];
      },
    ],
    [
      'with an event under another day',
      (bundle) => {
        const event = at(bundle.lines(EVENTS), 7);
        bundle.edit(EVENTS, (lines) => lines.filter(({ id }) => id !== event['id']));
        bundle.edit('events/20260101.ndjson', (lines) => [...lines, event]);
        return [`MISPLACED events: ${event['id']}`];
      },
    ],
    [
      'whose list of leaves says another day of an event',
      (bundle) => {
        const event = at(bundle.lines(EVENTS), 7);
        bundle.edit(LEAVES, (lines) => void (at(lines, indexOf(bundle, event))['day'] = '20260102'));
        return [`MISPLACED events: ${event['id']}`];
      },
    ],
    [
      'with two leaves swapped',
      (bundle) => {
        bundle.edit(LEAVES, (lines) =>
          renumber([at(lines, 1), at(lines, 0), ...lines.slice(2)], Number(at(lines, 0)['index'])),
        );
        return [expect.stringMatching(/^MODIFIED leaves: 2025\//)];
      },
    ],
    [
      'without a checkpoint',
      (bundle) => {
        const gone = at(bundle.lines(CHECKPOINTS), 4);
        bundle.edit(CHECKPOINTS, (lines) => lines.filter(({ seq }) => seq !== gone['seq']));
        return [`MISSING checkpoints: 2025/${gone['seq']}`];
      },
    ],
    [
      'with a checkpoint predated',
      (bundle) => {
        const { seq } = at(bundle.lines(CHECKPOINTS), 4);
        bundle.edit(CHECKPOINTS, (lines) => {
          at(lines, 4)['note'] = String(at(lines, 4)['note']).replace(/time 2025-12-../, 'time 2025-12-01');
        });
        return [expect.stringContaining(`FORGED checkpoints: 2025/${seq}`)];
      },
    ],
    [
      'with a checkpoint signed by another key',
      async (bundle) => {
        const other = localSigner();
        const { seq, note } = at(bundle.lines(CHECKPOINTS), 4);
        const resigned = await resign(String(note), other);
        bundle.edit(CHECKPOINTS, (lines) => void (at(lines, 4)['note'] = resigned));
        const spki = other.spki.toString('base64');
        bundle.files.set('keys.json', JSON.stringify([...JSON.parse(bundle.text('keys.json')), { spki }]));
        return [expect.stringContaining(`KEY-UNKNOWN checkpoints: 2025/${seq}`)];
      },
    ],
    [
      'with another tree under the number of a checkpoint, rightly signed',
      async (bundle) => {
        const { seq, note } = at(bundle.lines(CHECKPOINTS), 5);
        const root = createHash('sha256').update('another').digest('base64');
        const text = String(note).replace(/\n.{43}=\n/, `\n${root}\n`);
        const forked = await resign(text, trail.signer);
        bundle.edit(CHECKPOINTS, (lines) => void (at(lines, 5)['note'] = forked));
        return [
          `CHAIN-BROKEN checkpoints: 2025/${Number(seq) + 1}`,
          expect.stringMatching(/^(MODIFIED leaves|FORKED checkpoints): 2025\//),
        ];
      },
    ],
    [
      'without the last checkpoint',
      (bundle) => {
        bundle.edit('checkpoints/2026.ndjson', (lines) => lines.slice(0, -1));
        return [expect.stringMatching(/^UNSIGNED leaves: 2026\/\d+\.\.\d+$/)];
      },
    ],
    [
      'without the last checkpoint of the year before',
      (bundle) => {
        bundle.edit(CHECKPOINTS, (lines) => lines.slice(0, -1));
        return [expect.stringMatching(/^CHAIN-BROKEN checkpoints: 2026\/1/)];
      },
    ],
    [
      'without the log of the year before',
      (bundle) => {
        bundle.files.delete(CHECKPOINTS);
        bundle.files.delete(LEAVES);
        bundle.editJson('manifest.json', (manifest) => {
          manifest['years'] = ['2026'];
          delete manifest['base'];
        });
        return [expect.stringMatching(/^CHAIN-BROKEN checkpoints: 2026\/1/)];
      },
    ],
    [
      'with another beginning of the tree',
      (bundle) => {
        bundle.editJson('manifest.json', (manifest) => {
          const base = manifest['base'] as { frontier: string[] };
          base.frontier[0] = createHash('sha256').update('another').digest('hex');
        });
        return [
          expect.stringMatching(/^MODIFIED base: 2025\/\d+$/),
          expect.stringMatching(/^UNPROVEN events: /),
        ];
      },
    ],
    [
      'that begins after its range does',
      (bundle) => {
        bundle.editJson('manifest.json', (manifest) => void (manifest['from'] = '2025-12-29T00:00:00.000Z'));
        return [expect.stringMatching(/^NOT-COVERED range: 2025\/\d+$/)];
      },
    ],
    [
      'of another tenant',
      (bundle) => {
        bundle.editJson('manifest.json', (manifest) => void (manifest['tenantId'] = 'south'));
        return [
          expect.stringMatching(/^FOREIGN checkpoints: 2025\//),
          expect.stringMatching(/^FOREIGN events: /),
        ];
      },
    ],
  ];

  it.each(damages)('%s', async (_, damage) => {
    const bundle = new Unpacked(good);
    const expected = await damage(bundle);
    const verdict = check(bundle.zip());
    expect(verdict).toMatchObject({ status: 1, errors: '' });
    expect(verdict.lines.at(-1)).toBe('verdict: NOT INTACT');
    expect(found(verdict)).toEqual(expect.arrayContaining(expected));
    expect(check(bundle.zip(), [key], machineNode)).toEqual(verdict);
  });

  it('with a file that is not the one of its manifest, or absent, or of nobody', () => {
    const bundle = new Unpacked(good);
    bundle.files.set('verify.md', 'Believe us.');
    bundle.files.delete('keys.json');
    bundle.files.set('more.txt', '');
    expect(found(check(bundle.zipAsIs()))).toEqual(
      expect.arrayContaining([
        'MODIFIED files: verify.md',
        'MISSING files: keys.json',
        'EXTRA files: more.txt',
      ]),
    );
  });

  it.each([
    ['cut off', () => good.subarray(0, good.length - 100)],
    ['empty', () => Buffer.alloc(0)],
    ['no zip', () => Buffer.from('Dear auditor, all is well.')],
    ['without a manifest', () => withoutManifest()],
  ])('that is %s', (_, damaged) => {
    const verdict = check(damaged());
    expect(verdict).toMatchObject({ status: 1, errors: '' });
    expect(found(verdict)).toEqual([expect.stringMatching(/^UNREADABLE bundle: it/)]);
  });

  it.each<[string, () => Uint8Array]>([
    ['behind another one', () => Buffer.concat([changed(), moved(changed().length)])],
    ['with bytes behind its end', () => Buffer.concat([good, Buffer.from('more')])],
    ['with bytes before its directory', () => moved(0, 4)],
    ['that names a file otherwise where it lies', () => renamed()],
  ])('that programs may unpack in more than one way: %s', (_, zip) => {
    expect(found(check(zip()))).toEqual([expect.stringMatching(/^UNREADABLE bundle: /)]);
  });

  it('in which nothing is signed', () => {
    const bundle = new Unpacked(good);
    for (const name of bundle.files.keys()) {
      if (name.startsWith('events/')) bundle.files.delete(name);
      else if (/^(checkpoints|leaves)\//.test(name)) bundle.files.set(name, '');
    }
    bundle.editJson('manifest.json', (manifest) => delete manifest['base']);
    const verdict = check(bundle.zip());
    expect(verdict.status).toBe(1);
    expect(found(verdict)).toContainEqual('MISSING checkpoints: 2025/1, 2026/1');
  });

  it('of a range that begins after its last checkpoint', async () => {
    const { zip } = await bundleOf(trail, '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z');
    expect(found(check(zip))).toEqual([
      'NOT-COVERED range: 2026-03-01T00:00:00.000Z..2026-03-02T00:00:00.000Z',
    ]);
  });

  function changed(): Uint8Array {
    const bundle = new Unpacked(good);
    bundle.edit(EVENTS, (lines) => lines.slice(1));
    return bundle.zip();
  }

  /** The good bundle, its files so far from the beginning, its directory so far behind its files. */
  function moved(by: number, gap = 0): Buffer {
    const zip = Buffer.from(good);
    const end = zip.length - 22;
    const directory = zip.readUInt32LE(end + 16);
    for (let [n, entry] = [zip.readUInt16LE(end + 10), directory]; n > 0; n -= 1) {
      zip.writeUInt32LE(zip.readUInt32LE(entry + 42) + by, entry + 42);
      entry +=
        46 + zip.readUInt16LE(entry + 28) + zip.readUInt16LE(entry + 30) + zip.readUInt16LE(entry + 32);
    }
    zip.writeUInt32LE(directory + by + gap, end + 16);
    return Buffer.concat([zip.subarray(0, directory), Buffer.alloc(gap), zip.subarray(directory)]);
  }

  function renamed(): Buffer {
    const zip = Buffer.from(good);
    zip.write('events/20991231.ndjson', zip.indexOf(EVENTS));
    return zip;
  }

  it('of which any content is changed in the zip itself', () => {
    // Of every compressed file one bit.
    for (const name of new Unpacked(good).files.keys()) {
      const zip = Buffer.from(good);
      const start = zip.indexOf(name) + name.length + 10;
      zip.writeUInt8(zip.readUInt8(start) ^ 0x10, start);
      const verdict = check(zip);
      expect([name, verdict.status]).toEqual([name, 1]);
      expect(found(verdict)).not.toEqual([]);
    }
  });

  it('whose key is not the one that is trusted', () => {
    const other = noteKey(localSigner().spki).fingerprint;
    const verdict = check(good, [other]);
    expect(verdict.status).toBe(1);
    expect(found(verdict)).toEqual(
      expect.arrayContaining([
        `NOT-IN-BUNDLE keys: ${other}`,
        expect.stringMatching(/^KEY-UNKNOWN checkpoints: /),
      ]),
    );
  });

  function withoutManifest(): Uint8Array {
    const bundle = new Unpacked(good);
    bundle.files.delete('manifest.json');
    return bundle.zipAsIs();
  }

  async function resign(note: string, signer: ReturnType<typeof localSigner>): Promise<string> {
    const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
    const [origin = '', size, root = '', seq = '', time = '', previous = ''] = text.split('\n');
    return signedNote(signer, {
      origin,
      size: Number(size),
      root: Buffer.from(root, 'base64').toString('hex'),
      seq: Number(seq.slice(4)),
      time: time.slice(5),
      previous: previous.slice(9).replace('-', ''),
    });
  }
});

describe('with a checkpoint that the auditor kept', () => {
  const noteOf = (name: string, { notes } = trail): string => notes.get(name) ?? '';
  const last = (year: string): string =>
    [...trail.notes.keys()]
      .filter((name) => name.startsWith(year))
      .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
      .at(-1) ?? '';
  const withNotes = (zip: Uint8Array, ...names: string[]): Verdict =>
    check(
      zip,
      [key],
      undefined,
      names.map((name) => noteOf(name)),
    );
  const said = ({ lines }: Verdict): string[] => lines.filter((line) => line.includes('kept'));

  it('accepts a bundle that holds it, as a note or in a proof', () => {
    const name = last('2026');
    expect(withNotes(good, name, '2026/2')).toMatchObject({ status: 0 });
    const proof = formatProof({ index: 0, path: [], checkpoint: noteOf(name) });
    const verdict = check(good, [key], machineNode, [proof]);
    expect([verdict.status, said(verdict)]).toEqual([0, [`the kept checkpoint ${name} is in the bundle`]]);
  });

  it('accepts one of an empty period after the export', async () => {
    const name = last('2026');
    const body = parseCheckpoint(parseNote(noteOf(name))?.text ?? '');
    if (!body) throw new Error('It is none.');
    const note = await signedNote(trail.signer, { ...body, seq: body.seq + 1 });
    const verdict = check(good, [key], undefined, [note]);
    const next = `2026/${body.seq + 1}`;
    expect([verdict.status, said(verdict)]).toEqual([
      0,
      [`the kept checkpoint ${next} is of the same history as the bundle`],
    ]);
  });

  /** An export that leaves the newest out, as if they had never been. */
  async function exported(damage: (own: Trail) => void): Promise<Buffer> {
    const own = { ...trail, events: [...trail.events], log: [...trail.log], notes: new Map(trail.notes) };
    damage(own);
    return (await bundleOf({ ...own, reader: createReader(own) })).zip;
  }

  it('rejects a bundle whose log was cut off, which is intact without it', async () => {
    const name = last('2026');
    const cut = await exported(({ notes }) => {
      for (let seq = 10; notes.delete(`2026/${seq}`); seq++);
    });
    expect(check(cut)).toMatchObject({ status: 0 });
    const verdict = withNotes(cut, name, '2026/9');
    expect([verdict.status, found(verdict)]).toEqual([1, [`TRUNCATED kept: ${name}`]]);
    const noYear = await exported(({ notes, log }) => {
      for (const each of [...notes.keys()]) if (each.startsWith('2026')) notes.delete(each);
      log.splice(0, log.length, ...log.filter(({ pk }) => pk.endsWith('2025')));
    });
    expect(check(noYear)).toMatchObject({ status: 0 });
    expect(found(withNotes(noYear, name))).toEqual([`TRUNCATED kept: ${name}`]);
  });

  it('rejects a bundle of another history, rightly signed from beginning to end', async () => {
    const other = await createTrail({ signer: trail.signer, without: 100 });
    const { zip } = await bundleOf(other);
    expect(check(zip)).toMatchObject({ status: 0 });
    const [year, name] = [last('2025'), last('2026')];
    expect(found(withNotes(zip, year, name))).toEqual([`FORKED kept: ${year}, ${name}`]);
    // By its leaves, where the bundle does not hold the number.
    const body = parseCheckpoint(parseNote(noteOf(name))?.text ?? '');
    if (!body) throw new Error('It is none.');
    const later = await signedNote(trail.signer, { ...body, seq: body.seq + 50, size: body.size - 1 });
    expect(found(check(zip, [key], undefined, [later]))).toEqual([`FORKED kept: 2026/${body.seq + 50}`]);
  });

  it('rejects one that goes on in the next year as if the last of this one had not been', async () => {
    const body = parseCheckpoint(parseNote(noteOf(last('2025')))?.text ?? '');
    if (!body) throw new Error('It is none.');
    const more = await signedNote(trail.signer, { ...body, seq: body.seq + 1 });
    expect(found(check(good, [key], undefined, [more]))).toEqual([`FORKED kept: 2025/${body.seq + 1}`]);
  });

  it('says when the bundle begins behind it', () => {
    expect(found(withNotes(good, '2025/1'))).toEqual(['NOT-COVERED kept: 2025/1']);
  });

  it.each<[string, (note: string) => string | Promise<string>, RegExp]>([
    ['changed', (note) => note.replace('\nseq ', '\nseq 1'), /^FORGED kept: /],
    ['no note', () => 'Dear auditor', /^MALFORMED kept: a file$/],
    ['of another key', (note) => ofKey(note, localSigner()), /^KEY-UNKNOWN kept: /],
    [
      "another tenant's",
      (note) => ofKey(note.replace('/north/', '/south/'), trail.signer),
      /^FOREIGN kept: /,
    ],
  ])('takes none that is %s', async (_, change, expected) => {
    const verdict = check(good, [key], undefined, [await change(noteOf('2026/3'))]);
    expect([verdict.status, found(verdict)]).toEqual([1, [expect.stringMatching(expected)]]);
  });

  function ofKey(note: string, signer: typeof trail.signer): Promise<string> {
    const body = parseCheckpoint(parseNote(note)?.text ?? '');
    if (!body) throw new Error('It is none.');
    return signedNote(signer, body);
  }
});

describe('shows what was done to the trail before the export', () => {
  const damaged = async (damage: (own: Trail) => string): Promise<[Verdict, string]> => {
    const own = { ...trail, events: [...trail.events], log: [...trail.log], notes: new Map(trail.notes) };
    const id = damage(own);
    const { zip } = await bundleOf({ ...own, reader: createReader(own) });
    return [check(zip), id];
  };
  const inRange = ({ occurredAt }: Line): boolean => String(occurredAt).startsWith('2026-01-01T1');

  it('an event deleted', async () => {
    const [verdict, id] = await damaged(({ events }) => {
      const [gone] = events.splice(events.findIndex(inRange), 1);
      return String(gone?.id);
    });
    expect(found(verdict)).toEqual([`MISSING events: ${id}`]);
  });

  it('an event replaced, with its own hash made right, and one with a number that is none', async () => {
    const [verdict, id] = await damaged(({ events }) => {
      const n = events.findIndex(inRange);
      const [event, next] = [events[n], events[n + 1]];
      if (!event || !next) throw new Error('There is no such event.');
      events[n] = { ...event, outcome: '8', leafHash: 'f'.repeat(64) };
      events[n + 1] = { ...next, ext: { share: 0.5 } };
      return `${event.id}, ${next.id}`;
    });
    expect(verdict.status).toBe(1);
    const [line = ''] = found(verdict);
    expect(line.replace('MODIFIED events: ', '').split(', ').sort()).toEqual(id.split(', ').sort());
  });

  it('a segment deleted', async () => {
    const [verdict] = await damaged(({ log }) => {
      const segments = log.filter(({ pk, kind }) => pk.endsWith('2026') && kind === 'segment');
      const gone = at(segments, 2);
      log.splice(
        log.findIndex((each) => each === gone),
        1,
      );
      return String(gone['id']);
    });
    expect(found(verdict)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^MISSING leaves: 2026\/24\.\.35/)]),
    );
  });

  it('events that nobody sealed: they are named and not in it', async () => {
    const [verdict, id] = await damaged(({ events }) => {
      const model = events.find(inRange);
      if (!model) throw new Error('There is no such event.');
      events.push({ ...model, id: 'stranger' });
      return 'stranger';
    });
    expect(verdict.status).toBe(0);
    expect(verdict.lines).toContainEqual(expect.stringMatching(new RegExp(`not sealed .*: ${id}$`)));
  });
});

it('tells how it is used, with another exit code', () => {
  for (const args of [
    [],
    ['bundle.zip'],
    ['--key', key],
    ['bundle.zip', '--key', 'SHA256:abc'],
    ['no.zip', '--key', key],
    ['bundle.zip', '--key', key, '--checkpoint', 'no.note'],
  ]) {
    const { status, lines, errors } = run(args);
    expect([args, status, lines]).toEqual([args, 2, []]);
    expect(errors).toMatch(/^medrelay-verify: /);
  }
});
