/** The rows of browser sessions, and their ends as parts of a commit. */
import { and, eq, lt, ne, type SQL, sql } from 'drizzle-orm'
import { type Context, now, type RequestContext } from '../context'
import { type Parameters, param, query, rowParameters, type Write, write } from '../db/definitions'
import { guard, must, run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import { dropCodesOfSessions } from '../oauth/authorization-codes'
import { announceLogout } from '../oauth/backchannel-logout/notices'
import { UNFINISHED } from './second-factor/required'
import type { User } from './users'

export type SessionRow = Tables['sessions']['$inferSelect']

/** A session that is there, with whose it is. */
export interface BrowserSession {
  /** Keyed digest of the cookie value: the key of the row. */
  readonly idHash: string
  /** Public id: `sid` of ID tokens, and the handle in lists. */
  readonly sid: string
  readonly user: User
  /** 32 random bytes, base64. */
  readonly csrfToken: string
  readonly remember: boolean
  /** When and how the person proved who they are (OIDC Core §2 `auth_time`, `amr`). */
  readonly authTime: Date
  readonly amr: string
  readonly idp: string
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly flash: readonly string[]
}

export const toSession = (row: SessionRow, user: User): BrowserSession => ({
  idHash: row.idHash,
  sid: row.sid,
  user,
  csrfToken: row.csrfToken,
  remember: row.remember,
  authTime: row.authTime,
  amr: row.amr,
  idp: row.idp,
  createdAt: row.createdAt,
  expiresAt: row.expiresAt,
  flash: row.flash,
})

/** Condition: the login of the row is complete. */
export const isFinished = ({ sessions }: Tables): SQL => sql`${sessions.amr} not like ${ENDS_UNFINISHED}`

const ENDS_UNFINISHED = sql.raw(`'%${UNFINISHED}'`)

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

type Clock = Pick<Context, 'clock'>

interface Ending {
  readonly dropCodes: Write
  readonly announce: Write
  readonly remove: Write
}

/**
 * The writes that end sessions, in this order: a redemption of one of their codes that runs beside them has either
 * committed its tokens before they are looked for, or finds no code.
 */
function ending(name: string, which: (t: Tables) => SQL | undefined): Ending {
  return {
    dropCodes: dropCodesOfSessions(name, which),
    announce: announceLogout(`end_of_${name}`, which),
    remove: write(`delete_${name}`, (q, t) => q.delete(t.sessions).where(which(t))),
  }
}

const beforeEnd = (ctx: Clock, { dropCodes, announce }: Ending, parameters: Parameters): Statement[] => [
  run(dropCodes, parameters),
  run(announce, { ...parameters, now: now(ctx) }),
]

const endAny = (ctx: Clock, ending: Ending, parameters: Parameters): Statement[] => [
  ...beforeEnd(ctx, ending, parameters),
  run(ending.remove, parameters),
]

const endThe = (ctx: Clock, ending: Ending, parameters: Parameters): Statement[] => [
  ...beforeEnd(ctx, ending, parameters),
  must(ending.remove, parameters, 'session'),
]

const endOne = ending('session', (t) => eq(t.sessions.idHash, param('idHash')))

/**
 * Ends a session that passed one of its limits, or goes on under another id: applications that got tokens in it are not
 * told. They have limits of their own. The commit throws `Conflict('session')` when it has ended already.
 */
export const deleteSession = (idHash: string): Statement => must(endOne.remove, { idHash }, 'session')

/** Ends a session. The commit throws `Conflict('session')` when it has ended already. */
export const endSessionRow = (ctx: Clock, idHash: string): Statement[] => endThe(ctx, endOne, { idHash })

const endBySid = ending('session_by_sid', (t) =>
  and(eq(t.sessions.sid, param('sid')), eq(t.sessions.userId, param('userId'))),
)

/** Ends one session of a user by its public id. The commit throws `Conflict('session')` unless it is that user's. */
export const endSessionBySid = (ctx: Clock, owner: { userId: string; sid: string }): Statement[] =>
  endThe(ctx, endBySid, owner)

const endOthers = ending('other_sessions', (t) =>
  and(eq(t.sessions.userId, param('userId')), ne(t.sessions.idHash, param('idHash'))),
)

/** Ends every session of the user but the given one. The last statement changes as many rows as sessions end. */
export const endOtherSessions = (ctx: Clock, session: { user: Pick<User, 'id'>; idHash: string }): Statement[] =>
  endAny(ctx, endOthers, { userId: session.user.id, idHash: session.idHash })

const endOfUser = ending('sessions_of_user', (t) => eq(t.sessions.userId, param('userId')))

/** Ends every session of a user: part of each commit that disables, changes the role or replaces the password. */
export const endSessionsOfUser = (ctx: Clock, userId: string): Statement[] => endAny(ctx, endOfUser, { userId })

const endOfProvider = ending('sessions_of_provider', (t) =>
  and(eq(t.sessions.userId, param('userId')), eq(t.sessions.idp, param('idp')), ne(t.sessions.idHash, param('except'))),
)

/** Ends every session of the user that began at a provider, but for the given one. */
export const endSessionsOfProvider = (
  ctx: Clock,
  which: { readonly userId: string; readonly idp: string; readonly except: string },
): Statement[] => endAny(ctx, endOfProvider, which)

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

const sessionBySid = query('session_by_sid', (q, t) =>
  q
    .select({ sid: t.sessions.sid })
    .from(t.sessions)
    .where(eq(t.sessions.sid, param('sid'))),
)

/** The session has not ended meanwhile. Conflict label: `session`. */
export const sessionGoesOn = ({ sid }: { readonly sid: string }): Statement => guard(sessionBySid, { sid }, 'session')

const sessionsOfUser = query('sessions_of_user', (q, t) =>
  q
    .select()
    .from(t.sessions)
    .where(eq(t.sessions.userId, param('userId'))),
)

export const listSessions = (ctx: RequestContext, userId: string): Promise<SessionRow[]> =>
  ctx.db.all(sessionsOfUser, { userId })
