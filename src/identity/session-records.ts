/** The rows of browser sessions, and their ends as parts of a commit. */
import { and, eq, lt, ne } from 'drizzle-orm'
import { type Context, now, type RequestContext } from '../context'
import { type Parameters, param, query, rowParameters, write } from '../db/definitions'
import { must, run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import type { User } from './users'

export type SessionRow = Tables['sessions']['$inferSelect']

const sessionWithUser = query('session_with_user', (q, t) =>
  q
    .select({ row: t.sessions, user: t.users })
    .from(t.sessions)
    .innerJoin(t.users, eq(t.users.id, t.sessions.userId))
    .where(eq(t.sessions.idHash, param('idHash'))),
)

/** 256 bits, base64url. */
const COOKIE_VALUE = /^[\w-]{43}$/

/** The session a cookie value names, digested under the current and then the previous `SESSION_SECRET`. */
export async function readSession(
  ctx: Pick<Context, 'db' | 'secrets'>,
  cookieValue: string,
): Promise<{ row: SessionRow; user: User } | undefined> {
  if (!COOKIE_VALUE.test(cookieValue)) return undefined
  for (const idHash of ctx.secrets.browserSession.candidates(cookieValue)) {
    const found = await ctx.db.one(sessionWithUser, { idHash })
    if (found) return found
  }
  return undefined
}

const insertSessionRow = write('insert_session', (q, t) => q.insert(t.sessions).values(rowParameters(t.sessions)))

export const insertSession = (row: SessionRow): Statement => run(insertSessionRow, row)

const touchSessionRow = write('touch_session', (q, t) =>
  q
    .update(t.sessions)
    .set({ lastSeenAt: param('now') })
    .where(and(eq(t.sessions.idHash, param('idHash')), lt(t.sessions.lastSeenAt, param('now')))),
)

export const touchSession = (ctx: Pick<Context, 'clock'>, idHash: string): Statement =>
  run(touchSessionRow, { idHash, now: now(ctx) })

const deleteSessionRow = write('delete_session', (q, t) =>
  q.delete(t.sessions).where(eq(t.sessions.idHash, param('idHash'))),
)

/** The commit throws `Conflict('session')` when the session has ended already. */
export const deleteSession = (idHash: string): Statement => must(deleteSessionRow, { idHash }, 'session')

/** As `deleteSession`, also when it has ended already. */
export const deleteSessionIfAny = (idHash: string): Statement => run(deleteSessionRow, { idHash })

const deleteSessionBySid = write('delete_session_by_sid', (q, t) =>
  q.delete(t.sessions).where(and(eq(t.sessions.sid, param('sid')), eq(t.sessions.userId, param('userId')))),
)

/** Ends one session of a user by its public id. The commit throws `Conflict('session')` unless it is that user's. */
export const endSessionBySid = (owner: { userId: string; sid: string }): Statement =>
  must(deleteSessionBySid, owner, 'session')

const deleteOtherSessions = write('delete_other_sessions', (q, t) =>
  q.delete(t.sessions).where(and(eq(t.sessions.userId, param('userId')), ne(t.sessions.idHash, param('idHash')))),
)

/** Ends every session of the user but the given one. */
export const endOtherSessions = (session: { user: Pick<User, 'id'>; idHash: string }): Statement =>
  run(deleteOtherSessions, { userId: session.user.id, idHash: session.idHash })

const deleteSessionsOfUser = write('delete_sessions_of_user', (q, t) =>
  q.delete(t.sessions).where(eq(t.sessions.userId, param('userId'))),
)

/** Ends every session of a user: part of each commit that disables, changes the role or replaces the password. */
export const endSessionsOfUser = (userId: string): Statement => run(deleteSessionsOfUser, { userId })

const setFlashRow = write('set_session_flash', (q, t) =>
  q
    .update(t.sessions)
    .set({ flash: param('flash') })
    .where(eq(t.sessions.idHash, param('idHash'))),
)

/** Messages for the next page of this browser, after those that wait already. */
export const addFlash = (session: { idHash: string; flash: readonly string[] }, message: string): Statement =>
  run(setFlashRow, { idHash: session.idHash, flash: [...session.flash, message] })

/** The messages were shown. */
export const clearFlash = (session: { idHash: string }): Statement =>
  run(setFlashRow, { idHash: session.idHash, flash: [] } satisfies Parameters)

const sessionsOfUser = query('sessions_of_user', (q, t) =>
  q
    .select()
    .from(t.sessions)
    .where(eq(t.sessions.userId, param('userId'))),
)

export const listSessions = (ctx: RequestContext, userId: string): Promise<SessionRow[]> =>
  ctx.db.all(sessionsOfUser, { userId })
