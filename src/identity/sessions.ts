/**
 * Browser sessions.
 *
 * The cookie holds 256 random bits and nothing else; the row keeps a keyed digest of it, so neither a database nor a
 * log gives sessions away. Every limit is enforced here, not by the cookie's lifetime: a copied cookie ends with its row.
 */
import { audit } from '../audit/audit'
import { type Context, now, type RequestContext } from '../context'
import { Conflict, commit, type Statement } from '../db/commit'
import { fingerprint, fingerprintMatches } from './fingerprint'
import { hasSecondFactor, isHalfway, isUnfinished, UNFINISHED } from './second-factor/required'
import {
  deleteSession,
  endSessionRow,
  insertSession,
  readSession,
  type SessionRow,
  touchSession,
} from './session-records'
import { type User, userUnchanged } from './users'

export {
  addFlash,
  clearFlash,
  endOtherSessions,
  endSessionBySid,
  endSessionsOfUser,
  listSessions,
  sessionGoesOn,
} from './session-records'

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

const toSession = (row: SessionRow, user: User): BrowserSession => ({
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

export interface Login {
  /** As read before the password was checked: a change since then, such as a new password, refuses the session. */
  readonly user: User
  readonly remember: boolean
  /** Authentication methods (RFC 8176), separated by blanks: `pwd` or `fed`, and `otp mfa` after a second factor. */
  readonly amr: string
  /** Who checked it: `local`, or the name of a provider. */
  readonly idp: string
  /** When the person proved who they are; default now. */
  readonly authTime?: Date
  /** Message for the first page. */
  readonly flash?: string
  /** The session this browser has now, which ends. */
  readonly replaces?: BrowserSession
}

export interface StartedSession {
  readonly cookieValue: string
  /** Life of the cookie. */
  readonly maxAgeSeconds: number | undefined
  readonly session: BrowserSession
}

const USER_AGENT_LIMIT = 500
/** How long the second factor may take. */
const HALFWAY_SECONDS = 600

/** What is written in the commit of a new session, before the session. */
export interface SessionCommit {
  /**
   * A write to the user's row that changes one row only while the user is unchanged (`Conflict('user')`). A commit that
   * writes to that row has to begin so: two commits that first share a lock and then both want to write wait forever.
   */
  readonly claim: Statement
  readonly alongside: readonly Statement[]
}

/**
 * Starts a session with a new id and a new token against cross-site request forgery; no secret of an earlier one is
 * carried over (session fixation). Who signs in again in the same browser keeps the public id, under which applications
 * know the session: it goes on for them, and a later logout reaches those that signed the person in before.
 *
 * Throws `Conflict('user')` when the user was disabled or edited since they were read, and `DatabaseUnavailable`.
 */
export async function startSession(
  ctx: RequestContext,
  login: Login,
  { claim, alongside }: SessionCommit = { claim: userUnchanged(login.user), alongside: [] },
): Promise<StartedSession> {
  const { replaces } = login
  if (replaces) {
    try {
      return await replaceSession(ctx, { ...login, replaces }, { claim, alongside })
    } catch (error) {
      // It has ended meanwhile, such as by a second click on the same button.
      if (!(error instanceof Conflict) || error.label !== 'session') throw error
    }
  }
  return await insertNewSession(ctx, login, ctx.random.uuid(), { claim, alongside })
}

/**
 * As `startSession`, for what rests on the session there was: when that has ended meanwhile, none comes in its place and
 * `Conflict('session')` is thrown.
 */
export async function replaceSession(
  ctx: RequestContext,
  login: Login & { readonly replaces: BrowserSession },
  { claim, alongside }: SessionCommit,
): Promise<StartedSession> {
  const { replaces: replaced, user } = login
  const goesOn = replaced.user.id === user.id
  const end = goesOn ? [deleteSession(replaced.idHash)] : endSessionRow(ctx, replaced.idHash)
  const sid = goesOn ? replaced.sid : ctx.random.uuid()
  return await insertNewSession(ctx, login, sid, { claim, alongside: [...end, ...alongside] })
}

async function insertNewSession(
  ctx: RequestContext,
  login: Login,
  sid: string,
  { claim, alongside }: SessionCommit,
): Promise<StartedSession> {
  const { settings, request } = ctx
  const at = now(ctx)
  const remember = login.remember && settings.SESSION_REMEMBER_ME_ENABLED
  const ownMaxAge = remember ? settings.SESSION_REMEMBER_ME_MAX_AGE : settings.SESSION_MAX_AGE
  const halfway = isHalfway(login)
  const maxAgeSeconds = halfway ? Math.min(HALFWAY_SECONDS, ownMaxAge) : ownMaxAge
  const cookieValue = Buffer.from(ctx.random.bytes(32)).toString('base64url')
  const row: SessionRow = {
    idHash: ctx.secrets.browserSession.digest(cookieValue),
    sid,
    userId: login.user.id,
    csrfToken: Buffer.from(ctx.random.bytes(32)).toString('base64'),
    remember,
    fingerprint: fingerprint(ctx),
    authTime: login.authTime ?? at,
    amr: halfway ? `${login.amr} ${UNFINISHED}` : login.amr,
    idp: login.idp,
    flash: login.flash === undefined ? [] : [login.flash],
    ip: request.ip,
    userAgent: request.userAgent.slice(0, USER_AGENT_LIMIT).toWellFormed().replaceAll('\u0000', ''),
    createdAt: at,
    lastSeenAt: at,
    expiresAt: new Date(at.getTime() + maxAgeSeconds * 1000),
  }
  await commit(ctx, [claim, ...alongside, insertSession(row)])
  if (!halfway) ctx.metrics.count('sessions_created_total')
  return { cookieValue, maxAgeSeconds, session: toSession(row, login.user) }
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
