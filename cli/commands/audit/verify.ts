import { Command, InvalidArgumentError, Option } from 'commander';
import { join } from 'node:path';
import {
  explain,
  stateAfter,
  type GrowthVerification,
  type Verification,
  type VerifierState,
} from '../../../src/lib/audit';
import { MedrelayError } from '../../../src/lib/errors';
import type { Services } from '../../../src/lib/services';
import { readState, writeState } from '../../audit-state';
import { dataOption } from '../../options';
import { withServices } from '../../services';
import { progress, shortTime } from '../../terminal';

interface Options {
  readonly data: string;
  readonly tenant?: string;
  readonly from?: string;
  readonly to?: string;
  readonly quick?: true;
  readonly state?: string;
  readonly json?: true;
}

type Judged = (Verification | GrowthVerification) & { readonly notes: readonly string[] };

/** People see so many ids of a finding, programs all of them. */
const SHOWN = 20;

export function verifyCommand(): Command {
  return new Command('verify')
    .summary('prove that nothing was changed, added or taken away')
    .description(
      'Checks the whole trail from its content up: every event, tree, tile and checkpoint, its published copy, and what ' +
        'the last verification has seen. Exit code 1 when something is found. docs/audit.md says what each word means.',
    )
    .option('--from <instant>', 'hash only events from this day on; the log is checked whole', instant)
    .option('--to <instant>', 'hash only events up to this day (default: now)', instant)
    .addOption(
      new Option(
        '--quick',
        'no event is read: only that the log continues what the last verification has seen',
      ).conflicts(['from', 'to']),
    )
    .option('--tenant <id>', 'this tenant only (default: all)')
    .option(
      '--state <dir>',
      'where this verifier keeps what it has seen (default: audit-verifier in the data folder)',
    )
    .option('--json', 'one object')
    .addOption(dataOption())
    .action(verify);
}

async function verify({
  data,
  tenant,
  from,
  to,
  quick,
  state = join(data, 'audit-verifier'),
  json,
}: Options): Promise<void> {
  if (to !== undefined && from === undefined)
    throw new MedrelayError('AUDIT_RANGE_INVALID', 'Say with --from where the range begins.');
  await withServices(data, async (services) => {
    const range = from === undefined ? undefined : { from, to: to ?? new Date().toISOString() };
    const tenants = await services.trail.tenants();
    if (tenant !== undefined && !tenants.includes(tenant))
      throw new MedrelayError('UNKNOWN_TENANT', `There is no such tenant. Known are: ${tenants.join(', ')}.`);
    const judged: Judged[] = [];
    for (const tenantId of tenant === undefined ? tenants : [tenant])
      judged.push(
        await (quick ? judgeGrowth(services, tenantId, state) : judge(services, tenantId, state, range)),
      );
    const isIntact = judged.every(({ verdict }) => verdict === 'intact');
    const [backlog, sealing] = await Promise.all([services.auditBacklog(), services.sealStatus()]);
    if (json) {
      const verdict = isIntact ? 'intact' : 'damaged';
      console.log(JSON.stringify({ verdict, trails: judged, backlog, sealing }));
    } else {
      const advice = isIntact ? [] : [DAMAGED];
      console.log([...judged.map(textOf), textOfBacklog(backlog, sealing), ...advice].join('\n\n'));
    }
    if (!isIntact) process.exitCode = 1;
  });
}

async function judge(
  services: Services,
  tenantId: string,
  folder: string,
  range: { readonly from: string; readonly to: string } | undefined,
): Promise<Judged> {
  const lastState = readState(folder, tenantId);
  let bar: ReturnType<typeof progress> | undefined;
  const verification = await services.trail.verify(tenantId, {
    ...(range && { range }),
    ...(lastState && { lastState }),
    progress: (hashed, leaves) => (bar ??= progress(tenantId, leaves)).at(hashed),
  });
  bar?.end();
  keep(folder, verification, lastState);
  const { pending } = verification.counts;
  const notes = [
    'Sealed fields are not opened: their ciphertext is what was sealed.',
    ...shreddedNotes(verification.shredded),
    ...(range ? [`Only events from ${shortTime(range.from)} to ${shortTime(range.to)} were hashed.`] : []),
    ...(pending > 0 ? [`${pending} events are newer than the last seal; only their MACs were checked.`] : []),
    ...stateNotes(verification, lastState),
  ];
  return { ...verification, notes };
}

async function judgeGrowth(services: Services, tenantId: string, folder: string): Promise<Judged> {
  const lastState = readState(folder, tenantId);
  const verification = await services.trail.verifyGrowth(tenantId, lastState);
  keep(folder, verification, lastState);
  const notes = [
    'Only the signed log was looked at. Whether the events are what was sealed, a run without --quick says.',
    ...(verification.verdict === 'damaged' ? ['A run without --quick says more about what was found.'] : []),
    ...stateNotes(verification, lastState),
  ];
  return { ...verification, notes };
}

/** Not when something was found. */
function keep(
  folder: string,
  verification: Verification | GrowthVerification,
  lastState: VerifierState | undefined,
): void {
  const state = stateAfter(verification, lastState);
  if (state) writeState(folder, state);
}

function stateNotes(
  { keys }: Verification | GrowthVerification,
  lastState: VerifierState | undefined,
): string[] {
  if (!lastState) return ['First verification here: nothing that was seen before could be compared.'];
  const strangers = keys.filter((key) => !lastState.keys.includes(key));
  // A tenant without any event had no signature to see.
  if (lastState.keys.length === 0) return [];
  return strangers.map((key) => `The key ${key} signed for the first time. Was it rotated?`);
}

function shreddedNotes(shredded: Verification['shredded']): string[] {
  if (shredded === undefined) return ['Which fields are shredded is not known: audit/keys may not be read.'];
  const { persons, fields, events } = shredded;
  if (persons === 0) return [];
  const names = events.slice(0, SHOWN).join(', ') + (events.length > SHOWN ? ', ... (all with --json)' : '');
  return [
    `Shredded on purpose: ${fields} fields of ${events.length} events, ${persons} persons' keys are destroyed. ` +
      `What was sealed is proved all the same.${names && ` Events: ${names}`}`,
  ];
}

function textOf({ tenantId, verdict, counts, logs, findings, keys, notes }: Judged): string {
  const looked =
    'leaves' in counts
      ? `${counts.eventsHashed} events hashed, ${counts.leaves} sealed, ${counts.checkpoints} checkpoints`
      : `${counts.checkpoints} checkpoints from the last one seen on, ${counts.tilesRead} tiles read`;
  return [
    `${tenantId}: ${'leaves' in counts ? '' : 'log '}${verdict}. ${looked}.`,
    ...Object.entries(logs).map(
      ([year, { seq, size, root, time }]) =>
        `  ${year}: checkpoint ${seq} of ${shortTime(time)}, ${size} events, root ${root}`,
    ),
    ...keys.map((key) => `  signed by ${key}`),
    ...findings.flatMap((finding) => [
      `  ${finding.check} ${finding.verdict} (${finding.ids.length}): ${explain(finding)}`,
      ...finding.ids.slice(0, SHOWN).map((id) => `    ${id.replace(/\p{Cc}/gu, '\ufffd')}`),
      ...(finding.ids.length > SHOWN ? [`    and ${finding.ids.length - SHOWN} more, with --json`] : []),
    ]),
    ...notes.map((note) => `  ${note}`),
  ].join('\n');
}

const DAMAGED =
  'Do not repair first: export what there is (medrelay audit export), copy the database, the published checkpoints and the ' +
  'state file. docs/audit.md says of each finding what to do.';

function textOfBacklog(
  { queued, deadLettered, journaled, breakers }: Awaited<ReturnType<Services['auditBacklog']>>,
  { newestCheckpoint, backlogSeconds, isOverdue, stopped }: Awaited<ReturnType<Services['sealStatus']>>,
): string {
  const count = (place: typeof queued): string => (place === 'unknown' ? 'unknown' : String(place.count));
  const open = Object.entries(breakers).filter(([, state]) => state !== 'closed');
  return [
    `Recorded and not in the store yet: ${count(queued)} queued, ${count(deadLettered)} dead-lettered, ${count(journaled)} journaled.`,
    ...open.map(([sink, state]) => `The breaker of the ${sink} is ${state}.`),
    `Newest checkpoint: ${shortTime(newestCheckpoint) ?? 'none'}.` +
      (isOverdue ? ` Sealing is behind by ${backlogSeconds} s.` : ''),
    ...stopped.map((tenant) => `The log of ${tenant} is not signed any more: it is not what was published.`),
  ].join('\n');
}

function instant(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new InvalidArgumentError('It must be an instant such as 2026-03-01T00:00:00Z.');
  return new Date(time).toISOString();
}
