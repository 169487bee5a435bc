/** Rows of the audit trail, as tests of its readers need them. */
import { insertAuditRow } from '../../src/audit/audit'
import type { AuditEvent } from '../../src/audit/events'
import { type AuditRow, auditRow } from '../../src/audit/row'
import type { Context } from '../../src/context'
import { commit, run } from '../../src/db/commit'

/** Written as given: `event` is masked and cut as events are, `stored` is not. */
export async function insertEvent(
  ctx: Context,
  event: Partial<AuditEvent> = {},
  stored: Partial<AuditRow> = {},
): Promise<AuditRow> {
  const row = { ...auditRow(ctx, { event: 'LOGOUT', action: 'User logged out', ...event }), ...stored }
  const dated = { ...row, createdAt: row.eventTime }
  await commit(ctx, [run(insertAuditRow, dated)])
  return dated
}

/** Many plain rows, a second apart, ending now. */
export async function insertMany(
  ctx: Context,
  count: number,
  stored: (index: number) => Partial<AuditRow> = () => ({}),
) {
  const now = ctx.clock.now()
  const plain = auditRow(ctx, {
    event: 'ACCESS_TOKEN_ISSUED',
    action: 'Access token issued',
    details: { scopes: 'email' },
  })
  for (let start = 0; start < count; start += 500) {
    const rows = Array.from({ length: Math.min(500, count - start) }, (_, offset) => {
      const at = new Date(now - (count - start - offset) * 1000)
      return { ...plain, id: ctx.random.orderedUuid(), eventTime: at, createdAt: at, ...stored(start + offset) }
    })
    await ctx.db.q.insert(ctx.db.t.auditLogs).values(rows)
  }
}
