import { MedrelayError } from '../../errors';
import { logAlarm, refusedAlarm } from './alarms';
import { nextBatch } from './batches';
import { provenLeaves } from './check-event';
import { sign } from './checkpoint';
import { yearOf, type BatchDocument } from './documents';
import { IntegrityError } from './integrity';
import type { SealPorts } from './ports';
import { sealTenant } from './seal-tenant';
import { openTree, type Tree } from './tree';

/** What a run did for one tenant. */
export interface TenantSeal {
  readonly tenantId: string;
  readonly year: string;
  /** Events that are sealed now and were not before. */
  readonly sealed: number;
  /** Events that never will be: they are not as we wrote them. An alarm names them. */
  readonly refused: number;
  /** Of the newest checkpoint. */
  readonly seq: number;
  readonly size: number;
  /** Why nothing was signed. */
  readonly problem?: { readonly code: string; readonly safeMessage: string };
}

export interface Sealer {
  /**
   * Seals everything that the store has. Beside other sealers, and after one that ended anywhere, it does the same thing
   * once. One tenant's damaged log or key keeps no other tenant waiting.
   */
  run(): Promise<readonly TenantSeal[]>;
}

/** That nothing happened is a statement, too: a log without news says so at least so often. */
const SILENCE_MS = 60 * 60 * 1000;
/** Ends a run before the next but three; what is left then waits for that. */
const RUN_MS = 4 * 60 * 1000;
/** Tenants are sealed beside each other. */
const AT_ONCE = 8;

export function createSealer(ports: SealPorts): Sealer {
  /** This process has sealed everything up to here; saves looking again, and is never relied on. */
  let complete: { readonly n: number; readonly behind: BatchDocument['behind'] } | undefined;
  const quietUntil = new Map<string, number>();
  let hasKey = false;

  async function run(): Promise<readonly TenantSeal[]> {
    // Where nothing could be signed, nothing is begun.
    if (!hasKey) await ports.signer.publicKeys();
    hasKey = true;
    const report = new Map<string, TenantSeal>();
    const until = ports.clock.now() + RUN_MS;
    let last: BatchDocument | undefined;
    let behind: BatchDocument['behind'] = [];
    do {
      last = await ports.log.newestBatch();
      if (last && (complete?.n !== last.n || complete.behind.length > 0)) {
        complete = { n: last.n, behind: await completeBatch(last, report) };
      }
      behind = complete?.behind ?? [];
    } while ((await nextBatch(ports, last, behind)) !== undefined && ports.clock.now() < until);
    if (last) await breakSilence(yearOf(last.at), behind, report);
    return [...report.values()];
  }

  /** Who still waits for it, or for one before it. */
  async function completeBatch(
    batch: BatchDocument,
    report: Map<string, TenantSeal>,
  ): Promise<BatchDocument['behind']> {
    const waiting = new Map(batch.behind.map(({ id, batch: from }) => [id, from]));
    const tenants = new Set([...waiting.keys(), ...batch.tenants.map(({ id }) => id)]);
    const still: { id: string; batch: number }[] = [];
    await eachOf([...tenants], async (tenantId) => {
      const from = waiting.get(tenantId) ?? batch.n;
      const batches = from < batch.n ? await ports.log.batchesOf(tenantId, from) : [batch];
      for (const each of batches.filter(({ n }) => n <= batch.n)) {
        const isDone = await guarded(tenantId, yearOf(each.at), report, () =>
          sealPart(tenantId, each, report),
        );
        if (isDone) continue;
        still.push({ id: tenantId, batch: each.n });
        return;
      }
    });
    return still.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async function sealPart(
    tenantId: string,
    batch: BatchDocument,
    report: Map<string, TenantSeal>,
  ): Promise<void> {
    const part = batch.tenants.find(({ id }) => id === tenantId);
    if (!part) return;
    const { leaves, refused } = await provenLeaves(ports, part);
    if (refused.length > 0)
      await ports.audit.record(refusedAlarm(batch, tenantId, ownerOf(tenantId), refused));
    if (leaves.length === 0) {
      if (refused.length > 0) note(report, tenantId, yearOf(batch.at), { refused: refused.length });
      return;
    }
    const { tree, leaves: sealed } = await sealTenant(ports, tenantId, batch, leaves);
    noteTree(report, tree, { sealed, refused: refused.length });
  }

  /** Who is told of what claims to be of a tenant. */
  const ownerOf = (tenantId: string): string => (ports.isTenant(tenantId) ? tenantId : ports.defaultTenant);

  async function breakSilence(
    year: string,
    behind: BatchDocument['behind'],
    report: Map<string, TenantSeal>,
  ): Promise<void> {
    const now = ports.clock.now();
    const isQuiet = (id: string): boolean =>
      now < (quietUntil.get(`${id}/${year}`) ?? 0) || behind.some((each) => each.id === id);
    const due = (await ports.anchors.tenants()).filter((id) => !isQuiet(id));
    await eachOf(due, async (tenantId) => {
      await guarded(tenantId, year, report, async () => {
        const tree = await openTree(ports, tenantId, year);
        const age = now - Date.parse(tree.checkpoint?.sealedAt ?? '');
        const isDue = !(age < SILENCE_MS) || tree.unsigned.length > 0;
        const signed = isDue ? await sign(ports, tree) : tree;
        if (signed) noteTree(report, signed, {});
      });
    });
  }

  /** False when this tenant's log cannot go on; the alarm is recorded then. */
  async function guarded(
    tenantId: string,
    year: string,
    report: Map<string, TenantSeal>,
    work: () => Promise<void>,
  ): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!isOwnProblem(error)) throw error;
      const { code, safeMessage } = error;
      note(report, tenantId, year, { problem: { code, safeMessage } });
      if (error instanceof IntegrityError)
        await ports.audit
          .record(logAlarm(tenantId, error.alarm, error.what, ports.clock.now()))
          // Nor can its alarm be recorded where a tenant's keys do not open; the next run tries again.
          .catch(throwForeign);
      return false;
    }
  }

  function noteTree(
    report: Map<string, TenantSeal>,
    { tenantId, year, checkpoint }: Tree,
    done: { readonly sealed?: number; readonly refused?: number },
  ): void {
    const { seq = 0, size = 0, sealedAt = '' } = checkpoint ?? {};
    quietUntil.set(`${tenantId}/${year}`, Date.parse(sealedAt) + SILENCE_MS);
    note(report, tenantId, year, { ...done, seq, size });
  }

  return { run };
}

const OWN_PROBLEMS = ['KEY_UNWRAP_FAILED', 'KEY_KEEPER_MISSING', 'AUDIT_NOT_DURABLE'];

/** Of one tenant: its log is damaged, or a key of its own does not open, without which no alarm of it is recorded either. */
function isOwnProblem(error: unknown): error is MedrelayError {
  if (error instanceof IntegrityError) return true;
  return error instanceof MedrelayError && OWN_PROBLEMS.includes(error.code);
}

function throwForeign(error: unknown): void {
  if (!isOwnProblem(error)) throw error;
}

/** Later lines of a tenant and year add to the first one. */
function note(
  report: Map<string, TenantSeal>,
  tenantId: string,
  year: string,
  { sealed = 0, refused = 0, ...rest }: Partial<TenantSeal>,
): void {
  const key = `${tenantId}/${year}`;
  const before = report.get(key) ?? { tenantId, year, sealed: 0, refused: 0, seq: 0, size: 0 };
  report.set(key, {
    ...before,
    ...rest,
    sealed: before.sealed + sealed,
    refused: before.refused + refused,
  });
}

/** All of them, a few at once; the first failure is thrown when the others have ended. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item).catch((error: unknown) => failures.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
