/** Deletes audit records older than `AUDIT_LOG_RETENTION`. */
import type { Context } from '../context'
import { deleteBefore, deleteInBatches } from './batches'

const auditRows = deleteBefore('audit_logs', ({ auditLogs: table }) => ({
  table,
  key: table.id,
  time: table.eventTime,
}))

/** Whether this deployment forgets audit records at all. */
export const forgetsAudit = ({ settings }: Pick<Context, 'settings'>): boolean =>
  settings.ENABLE_AUDIT_LOGGING && settings.AUDIT_LOG_RETENTION > 0

/** Resolves to the number of deleted records. */
export const deleteOldAuditRows = (ctx: Context, signal: AbortSignal): Promise<number> =>
  deleteInBatches(ctx, auditRows, new Date(ctx.clock.now() - ctx.settings.AUDIT_LOG_RETENTION), signal)
