/** How a browser session begins, or takes the place of another. */
import { now, type RequestContext } from '../context'
import { Conflict, commit, type Statement } from '../db/commit'
import { fingerprint } from './fingerprint'
import { isHalfway, UNFINISHED } from './second-factor/required'
import {
  type BrowserSession,
  deleteSession,
  endSessionRow,
  insertSession,
  type SessionRow,
  toSession,
} from './session-records'
import { type User, userUnchanged } from './users'

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
interface SessionCommit {
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
