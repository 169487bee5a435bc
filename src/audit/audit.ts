/** The audit record of a change: a statement of the change's own commit, so that neither exists without the other. */
import type { Context } from '../context'
import { run, type Statement } from '../db/commit'
import { rowParameters, write } from '../db/definitions'
import type { AuditEvent } from './events'
import { auditRow } from './row'

export type { AuditEvent } from './events'

export const insertAuditRow = write('insert_audit_row', (q, t) =>
  q.insert(t.auditLogs).values(rowParameters(t.auditLogs)),
)

/** To be spread into the list of a commit. Empty when auditing is switched off. */
export function audit(ctx: Pick<Context, 'settings' | 'clock' | 'random' | 'request'>, event: AuditEvent): Statement[] {
  if (!ctx.settings.ENABLE_AUDIT_LOGGING) return []
  return [run(insertAuditRow, auditRow(ctx, event))]
}
