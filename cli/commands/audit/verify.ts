import { Command, InvalidArgumentError } from 'commander';
import { join } from 'node:path';
import { explain, stateAfter, type Verification } from '../../../src/lib/audit';
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
  readonly state?: string;
  readonly json?: true;
}

interface Judged extends Verification {
  readonly notes: readonly string[];
}

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
      judged.push(await judge(services, tenantId, state, range));
    const isIntact = judged.every(({ verdict }) => verdict === 'intact');
    const [backlog, sealing] = await Promise.all([services.auditBacklog(), services.sealStatus()]);
    if (json) {
      const verdict = isIntact ? 'intact' : 'damaged';
      console.log(JSON.stringify({ verdict, trails: judged, backlog, sealing }));
    } else {
      console.log([...judged.map(textOf), textOfBacklog(backlog, sealing)].join('\n\n'));
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
  const state = stateAfter(verification, lastState);
  if (state) writeState(folder, state);
  const strangers = verification.keys.filter((key) => lastState && !lastState.keys.includes(key));
  const { pending } = verification.counts;
  const notes = [
    'Sealed fields are not opened: their ciphertext is what was sealed.',
    ...(range ? [`Only events from ${shortTime(range.from)} to ${shortTime(range.to)} were hashed.`] : []),
    ...(pending > 0 ? [`${pending} events are newer than the last seal; only their MACs were checked.`] : []),
    ...(lastState ? [] : ['First verification here: nothing that was seen before could be compared.']),
    ...strangers.map((key) => `The key ${key} signed for the first time. Was it rotated?`),
  ];
  return { ...verification, notes };
}

function textOf({ tenantId, verdict, counts, logs, findings, keys, notes }: Judged): string {
  const { eventsHashed, leaves, checkpoints } = counts;
  return [
    `${tenantId}: ${verdict}. ${eventsHashed} events hashed, ${leaves} sealed, ${checkpoints} checkpoints.`,
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
