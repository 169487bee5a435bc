/** Administrators acting on users, without pages. */
import { eq } from 'drizzle-orm'
import type { RequestContext } from '../../src/context'
import { type BrowserSession, startSession } from '../../src/identity/sessions'
import { UserRefused } from '../../src/users/refused'
import type { TestApp, UserRow } from '../support/app'

export const requestOf = (app: TestApp): RequestContext => ({
  ...app.ctx,
  request: { id: 'request-1', ip: '192.0.2.10', userAgent: 'test', path: '/admin/users', method: 'POST' },
})

export async function sessionOf(app: TestApp, user: UserRow): Promise<BrowserSession> {
  const { session } = await startSession(requestOf(app), { user, remember: false, amr: 'pwd', idp: 'local' })
  return session
}

/** The problem a change was refused for; fails when it was not. */
export async function refusal(change: Promise<unknown>): Promise<string> {
  try {
    await change
  } catch (error) {
    if (error instanceof UserRefused) return error.problem
    throw error
  }
  throw new Error('the change was made')
}

export async function userRow(app: TestApp, id: string): Promise<UserRow | undefined> {
  const { q, t } = app.ctx.db
  const [row] = await q.select().from(t.users).where(eq(t.users.id, id))
  return row
}

/** Rows of the audit trail about a user, in the order they were written. */
export async function auditAbout(app: TestApp, resourceId: string) {
  const { q, t } = app.ctx.db
  return await q.select().from(t.auditLogs).where(eq(t.auditLogs.resourceId, resourceId)).orderBy(t.auditLogs.id)
}
