/** `verify.md` of a bundle: for people who have never seen one. */
export const explanation = `# What this bundle is, and how to check it

It holds audit events of one tenant, as they were recorded, together with the mathematics that shows whether any of them was
changed, added or taken away since. You need nobody's word for it, ours included, but three things that must NOT come from
the place that gave you this bundle:

1. Node.js 20 or newer (https://nodejs.org).
2. The verifier, one file named \`medrelay-verify.mjs\`, from the product's own distribution. It is short enough to be read.
3. The fingerprint of the key that signs the audit log: \`SHA256:\` and 64 hexadecimal digits. Ask for it on another way than
   the bundle came, for example from the contract or the security officer on the telephone. The fingerprints in
   \`keys.json\` are only those that the bundle itself claims.

Then, on a computer that may be offline:

    node medrelay-verify.mjs bundle.zip --key SHA256:...

Give \`--key\` once for each key that you trust; there is more than one after the key was rotated. The exit code is 0 when
everything holds, 1 when something does not, and 2 when the command could not be carried out.

Give \`--checkpoint FILE\` for a signed note of the log that you have kept from earlier, or that was published meanwhile (a
note's file, or a \`.tlog-proof\`). The bundle must then hold it or be of the same history: \`TRUNCATED kept\` means that
the bundle ends before it, \`FORKED kept\` that the two are of different histories, \`NOT-COVERED kept\` that the bundle
begins behind it; ask for a longer range then.

## What is inside

- \`manifest.json\`: tenant, range, the SHA-256 of every other file, and where in the log the bundle begins (\`base\`).
- \`events/<yyyymmdd>.ndjson\`: the events by the day on which they occurred (UTC), one a line. A line is exactly what was hashed
  (JSON in the canonical form of RFC 8785). Names and other protected text are encrypted in it; that needs no key here.
- \`leaves/<year>.ndjson\`: the leaves of the log's Merkle tree (RFC 6962), one a line: its index, the event's id and day, and
  the hash: SHA-256 over a zero byte and the event's line. A year is that of sealing.
- \`checkpoints/<year>.ndjson\`: the published, signed statements about the tree (C2SP tlog-checkpoint): "at this time the
  tree had so many leaves and this root". Each names the hash of the one before.
- \`keys.json\`: the public keys.

## What the verifier shows

- Every event is, bit by bit, the one that was sealed, and it was sealed before the time of the checkpoint that covers it.
- Nothing is left out: every leaf from the base on is listed, all together they make the signed roots, and each one whose day
  is in the range has its event in the bundle. The base was signed before the range began, so an event of the range cannot
  have been sealed before it.
- All checkpoints are of one history: each tree begins with the one before, none is missing between the first and the last.

## What its words mean

Each line is a word, what it is about, and ids. \`MODIFIED\`: not what was sealed, signed or listed. \`MISSING\`: it must be
there and is not. \`EXTRA\`: it is there and nothing speaks of it. \`DUPLICATE\`: there twice. \`MISPLACED\`: under another
day than its own. \`FOREIGN\`: of another tenant or log. \`FORGED\`: a signature that names a key of yours and is not of it.
\`KEY-UNKNOWN\`: signed by a key that you did not name with \`--key\`. \`CHAIN-BROKEN\`: a checkpoint does not continue the one
before. \`FORKED\`: two statements that cannot both be true. \`UNSIGNED\`, \`UNPROVEN\`: no checkpoint covers it.
\`NOT-COVERED\`: the log in the bundle does not reach it. \`NOT-IN-BUNDLE\`: a key that you named signed nothing here.
\`MALFORMED\`, \`UNREADABLE\`: not in the form that it must have.

## What it cannot show

- That the keeper of the log told the truth when an event was recorded, or recorded everything. It shows that the record has
  not been changed since.
- What was recorded after the last checkpoint in the bundle. The verifier prints its time; ask for a newer bundle later and
  compare, or compare with a checkpoint that you were given on another way. Events that were not sealed yet when the bundle
  was made are named in the manifest under \`unsealed\`.
- The contents of leaves of other days: their hashes and ids are listed, and the day is the log's statement. Ask for any
  of these events by its id; its hash must be the one in the list.
- Anything, if whoever made the bundle also has the signing key and has rewritten the whole log. Checkpoints that you keep
  yourself, or that lie in storage that nobody can change, are the remedy: give them with \`--checkpoint\`.
`;
