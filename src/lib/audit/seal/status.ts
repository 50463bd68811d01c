import type { SealPorts } from './ports';

/** A receipt promises that a checkpoint covers its event by then: reference of CT calls it the maximum merge delay. */
export const MAX_MERGE_DELAY_MS = 60_000;
/** The sealer runs each minute, so a receipt waits for up to two of its turns; the third one is missed. */
const OVERDUE_MS = 2 * MAX_MERGE_DELAY_MS;

export interface SealStatus {
  /** When the newest checkpoint of any tenant was signed. */
  readonly newestCheckpoint: string | undefined;
  /** How long the oldest event that is seen to wait has been waiting; 0 when none does. */
  readonly backlogSeconds: number;
  readonly isOverdue: boolean;
  /** Tenants whose logs are not signed any more, because they are not what was published. */
  readonly stopped: readonly string[];
}

/** How far sealing is behind, in three reads. */
export async function sealStatus({
  log,
  feed,
  clock,
}: Pick<SealPorts, 'log' | 'feed' | 'clock'>): Promise<SealStatus> {
  const [batch, newestCheckpoint] = await Promise.all([log.newestBatch(), log.newestSeal()]);
  const { documents } = await feed.read(batch?.token, 1);
  const waiting = documents.map(receiptOf);
  // A batch that was written down and not signed since: its sealer ended in between.
  const hasEvents = batch?.tenants.some(({ leaves }) => leaves.length > 0) ?? false;
  if (batch && hasEvents && !(newestCheckpoint && newestCheckpoint >= batch.at)) waiting.push(batch.at);
  const ages = waiting.map((instant) => clock.now() - Date.parse(instant));
  const age = Math.max(0, ...ages.filter((each) => !Number.isNaN(each)));
  return {
    newestCheckpoint,
    backlogSeconds: Math.floor(age / 1000),
    isOverdue: age > OVERDUE_MS,
    stopped: batch?.behind.map(({ id }) => id) ?? [],
  };
}

const receiptOf = (document: unknown): string =>
  String((document as Readonly<Record<string, unknown>> | null)?.['receivedAt']);
