/**
 * Browser sessions.
 *
 * The cookie holds 256 random bits and nothing else; the row keeps a keyed digest of it, so neither a database nor a
 * log gives sessions away. Every limit is enforced here, not by the cookie's lifetime: a copied cookie ends with its row.
 */
import { audit } from '../audit/audit'
import type { Context, RequestContext } from '../context'
import { Conflict, commit, type Statement } from '../db/commit'
import { fingerprintMatches } from './fingerprint'
import { hasSecondFactor, isHalfway, isUnfinished } from './second-factor/required'
import {
  type BrowserSession,
  deleteSession,
  endSessionRow,
  readSession,
  type SessionRow,
  toSession,
  touchSession,
} from './session-records'
import type { User } from './users'

export {
  addFlash,
  type BrowserSession,
  clearFlash,
  endOtherSessions,
  endSessionBySid,
  endSessionsOfUser,
  listSessions,
  sessionGoesOn,
} from './session-records'
export { type Login, replaceSession, type StartedSession, startSession } from './start-session'

/** The person signed in with a password that somebody else chose. Who came from a provider did not use it. */
export const mustReplacePassword = ({ user, idp }: BrowserSession): boolean =>
  user.mustChangePassword && idp === 'local'

export type SessionLookup =
  | { readonly session: BrowserSession }
  | {
      readonly session: undefined
      readonly ended?: 'session_timeout' | 'session_invalid'
      /** The password was right and the second factor is still to come: good for that step and nothing else. */
      readonly halfway?: BrowserSession
    }

/** Labels of `sessions_expired_total`. */
type EndReason = 'logout' | 'idle_timeout' | 'timeout' | 'fingerprint_mismatch' | 'admin'

const LIMITS: ReadonlySet<EndReason> = new Set(['idle_timeout', 'timeout'])

/**
 * The live session of a cookie value. Ends the row when a limit has passed, the browser is another, or the user was
 * disabled. `ended` says what the login page should tell; nothing is said about unknown values.
 *
 * Throws `DatabaseUnavailable`; the session is then neither found nor ended.
 */
export async function findSession(ctx: RequestContext, cookieValue: string): Promise<SessionLookup> {
  const found = await readSession(ctx, cookieValue)
  if (!found) return { session: undefined }
  const { row, user } = found

  if (!user.isActive) {
    await endRow(ctx, row, 'admin')
    return { session: undefined }
  }
  const limit = passedLimit(ctx, row, user)
  if (limit) {
    await endRow(ctx, row, limit)
    return { session: undefined, ended: 'session_timeout' }
  }
  if (!fingerprintMatches(ctx, row.fingerprint)) {
    await endRow(ctx, row, 'fingerprint_mismatch', auditStolenCookie(ctx, row, user))
    return { session: undefined, ended: 'session_invalid' }
  }

  if (isUnfinished(row.amr) && !hasSecondFactor(user)) {
    // What was to be shown was removed meanwhile, so nobody was asked for it: the login begins anew.
    await endRow(ctx, row, 'admin')
    return { session: undefined }
  }
  if (isHalfway({ user, amr: row.amr })) return { session: undefined, halfway: toSession(row, user) }
  if (ctx.clock.now() - row.lastSeenAt.getTime() >= touchInterval(ctx))
    await commit(ctx, [touchSession(ctx, row.idHash)])
  return { session: toSession(row, user) }
}

/** "Remember me" while the feature is on. */
const isRemembered = ({ settings }: Pick<Context, 'settings'>, row: SessionRow): boolean =>
  row.remember && settings.SESSION_REMEMBER_ME_ENABLED

function passedLimit(ctx: Context, row: SessionRow, user: User): 'timeout' | 'idle_timeout' | undefined {
  const { SESSION_MAX_AGE, SESSION_IDLE_TIMEOUT } = ctx.settings
  const at = ctx.clock.now()
  const remembered = isRemembered(ctx, row)
  if (at >= row.expiresAt.getTime()) return 'timeout'
  if (!remembered && at >= row.createdAt.getTime() + SESSION_MAX_AGE * 1000) return 'timeout'
  // An administrator's browser left alone is worth too much: the idle limit holds for remembered sessions too.
  const idles = SESSION_IDLE_TIMEOUT > 0 && (!remembered || user.role === 'admin')
  if (idles && at - row.lastSeenAt.getTime() > SESSION_IDLE_TIMEOUT * 1000) return 'idle_timeout'
  return undefined
}

/** Whether a row is a session; rows whose time has passed wait to be cleaned up, others for the second factor. */
export const isLive = (ctx: Context, row: SessionRow, user: User): boolean =>
  user.isActive && !isHalfway({ user, amr: row.amr }) && passedLimit(ctx, row, user) === undefined

const TOUCH_INTERVAL_MS = 60_000

/** How stale `last_seen_at` may be, in milliseconds: a minute, and a tenth of a short idle limit. */
const touchInterval = ({ settings }: Context): number =>
  settings.SESSION_IDLE_TIMEOUT > 0
    ? Math.min(TOUCH_INTERVAL_MS, settings.SESSION_IDLE_TIMEOUT * 100)
    : TOUCH_INTERVAL_MS

const auditStolenCookie = (ctx: RequestContext, row: SessionRow, user: User): Statement[] =>
  audit(ctx, {
    event: 'SUSPICIOUS_ACTIVITY',
    severity: 'WARNING',
    success: false,
    action: 'Browser session used from another kind of browser — session ended',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: { reason: 'fingerprint_mismatch', sid: row.sid, session_user_agent: row.userAgent, session_ip: row.ip },
  })

/** Whether this call ended it; of two requests that notice together only one does, and is counted. */
async function endRow(
  ctx: RequestContext,
  row: Pick<SessionRow, 'idHash' | 'amr'>,
  reason: EndReason,
  alongside: readonly Statement[] = [],
): Promise<boolean> {
  try {
    const end = LIMITS.has(reason) ? [deleteSession(row.idHash)] : endSessionRow(ctx, row.idHash)
    await commit(ctx, [...end, ...alongside])
  } catch (error) {
    if (error instanceof Conflict) return false
    throw error
  }
  if (!isUnfinished(row.amr)) ctx.metrics.count('sessions_expired_total', { reason })
  return true
}

/** Ends a session because its user asked for it; `alongside` is written in the same commit. */
export async function endSession(
  ctx: RequestContext,
  session: BrowserSession,
  alongside: readonly Statement[] = [],
): Promise<void> {
  if (!(await endRow(ctx, session, 'logout', alongside))) return
  ctx.metrics.observe('session_duration_seconds', (ctx.clock.now() - session.createdAt.getTime()) / 1000)
}
