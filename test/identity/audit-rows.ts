/** Waits for audit rows: events that change nothing are written a moment later. */
import { eq } from 'drizzle-orm'
import type { AuditRow } from '../../src/audit/row'
import type { TestApp } from '../support/app'

const PATIENCE_MS = 3_000
const STEP_MS = 50

/** The rows of one event that fulfil the condition, as soon as there is one. */
export async function audited(
  app: TestApp,
  eventType: string,
  condition: (row: AuditRow) => boolean = () => true,
): Promise<AuditRow[]> {
  const { q, t } = app.ctx.db
  for (let waited = 0; ; waited += STEP_MS) {
    const rows = await q.select().from(t.auditLogs).where(eq(t.auditLogs.eventType, eventType))
    const found = rows.filter(condition)
    if (found.length > 0 || waited >= PATIENCE_MS) return found
    await Bun.sleep(STEP_MS)
  }
}
