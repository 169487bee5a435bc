/**
 * Deletes audit records older than `AUDIT_LOG_RETENTION`, batch by batch as they were sealed: the seals stay and say
 * what was deleted and when, so that the rest can still be verified.
 */
import { removalMac } from '../audit/seals/keys'
import {
  deleteAuditRow,
  deletionOfRange,
  endBefore,
  findLateSeals,
  findRowsOfRange,
  markRemoved,
  oldestPresentSeal,
  type Seal,
} from '../audit/seals/records'
import { createSealer, SEALS_LOCK, type Sealer } from '../audit/seals/sealer'
import { type Context, now } from '../context'
import { commit, must, run, type Statement } from '../db/commit'

const PAUSE_MS = 20

/** Whether this deployment forgets audit records at all. */
export const forgetsAudit = ({ settings }: Pick<Context, 'settings'>): boolean =>
  settings.ENABLE_AUDIT_LOGGING && settings.AUDIT_LOG_RETENTION > 0

/**
 * Resolves to the number of deleted records. A batch goes when its youngest record is old enough, which is at most an
 * hour after its oldest one was.
 */
export async function deleteOldAuditRows(
  ctx: Context,
  signal: AbortSignal,
  sealer: Sealer = createSealer(ctx),
): Promise<number> {
  const before = ctx.clock.now() - ctx.settings.AUDIT_LOG_RETENTION
  const deleteOld = async (): Promise<number> => {
    await sealer.seal(signal)
    let deleted = 0
    while (!signal.aborted) {
      const seal = await oldestPresentSeal(ctx)
      if (!seal || (seal.lastTime ?? seal.sealedAt).getTime() > before) break
      deleted += await deleteSealed(ctx, seal)
      await Bun.sleep(PAUSE_MS)
    }
    return deleted
  }
  return (await ctx.db.exclusively(SEALS_LOCK, true, deleteOld)) ?? 0
}

async function deleteSealed(ctx: Context, seal: Seal): Promise<number> {
  const removedAt = now(ctx)
  const removal = {
    number: seal.number,
    chain: seal.chain,
    removedAt,
    removalMac: removalMac(ctx, seal.chain, removedAt),
  }
  const deletions = await deletionsOf(ctx, seal)
  const [, ...changes] = await commit(ctx, [must(markRemoved, removal, 'present seal'), ...deletions])
  const deleted = changes.reduce((sum, rows) => sum + rows, 0)
  if (deleted !== seal.rowCount)
    ctx.log.error({ batch: seal.number, sealed: seal.rowCount, deleted }, 'Audit batch did not hold what was sealed')
  return deleted
}

async function deletionsOf(ctx: Context, seal: Seal): Promise<Statement[]> {
  if (seal.rowCount === 0) return []
  if (seal.kind === 'late') return (seal.lateIds ?? []).map((id) => run(deleteAuditRow, { id }))
  const start = await endBefore(ctx, seal.number)
  const lateSeals = (await findLateSeals(ctx)).filter(({ number }) => number > seal.number)
  const late = new Set(lateSeals.flatMap(({ ids }) => ids ?? []))
  if (late.size === 0) {
    const { write, parameters } = deletionOfRange(start, seal)
    return [run(write, parameters)]
  }
  // Late records stay until their own batch goes.
  const rows = await findRowsOfRange(ctx, start, seal)
  return rows.filter(({ id }) => !late.has(id)).map(({ id }) => run(deleteAuditRow, { id }))
}
