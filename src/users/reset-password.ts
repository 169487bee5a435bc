/** A new password from an administrator, for somebody who lost theirs. */
import { and, eq, sql } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { type Context, now } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { param, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import { generatePassword, passwordProblem } from '../identity/password'
import { type BrowserSession, endOtherSessions, endSessionsOfUser } from '../identity/sessions'
import type { User } from '../identity/users'
import { countLiveTokens, revokeTokensOfUser } from '../tokens/revoke'
import { asAdministrator, COMMAND_LINE, commitChange } from './administrators'
import type { Ended } from './ended'
import { UserRefused } from './refused'

const writePassword = write('reset_password', (q, t) =>
  q
    .update(t.users)
    .set({
      passwordHash: param('passwordHash'),
      mustChangePassword: param('mustChange'),
      version: sql`${t.users.version} + 1`,
      updatedAt: param('now'),
    })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

/** Accounts taken over without a source are local. */
export const hasLocalPassword = ({ authSource }: Pick<User, 'authSource'>): boolean =>
  authSource === 'local' || authSource === ''

export interface PasswordReset {
  readonly addsPassword: boolean
  /** Default: a random one. */
  readonly password?: string
}

/**
 * Replaces the password by a random one and ends all tokens and sessions of the user, but not the session of an
 * administrator who does this to themselves. `alongside` adds to the commit, such as the page that shows the password once.
 *
 * Without a session it is done by a command beside the server.
 *
 * A user without a password gets another way to sign in, so that must be meant: `addsPassword`.
 *
 * Throws `UserRefused`, `DatabaseUnavailable` and `PasswordQueueFull`.
 */
export async function resetPassword(
  ctx: Context,
  session: BrowserSession | undefined,
  user: User,
  { addsPassword, password = generatePassword(ctx.random) }: PasswordReset,
  alongside: (password: string) => readonly Statement[],
): Promise<Ended> {
  const actor = session?.user ?? COMMAND_LINE
  if (!hasLocalPassword(user)) throw new UserRefused('not_local')
  const previouslySet = user.passwordHash !== ''
  if (!previouslySet && !addsPassword) throw new UserRefused('adds_password')
  const unfit = passwordProblem(password, user.username, user.email)
  if (unfit) throw new UserRefused('password_unfit', unfit)
  const ownSession = session?.user.id === user.id ? session : undefined
  const own = ownSession !== undefined
  const passwordHash = await ctx.passwords.hash(password)
  const liveTokens = await countLiveTokens(ctx, { userId: user.id })
  const { id, version } = user
  const statements = [
    ...asAdministrator(actor),
    must(writePassword, { id, version, passwordHash, mustChange: !own, now: now(ctx) }, 'user'),
    ...revokeTokensOfUser(ctx, id),
    ...(ownSession ? endOtherSessions(ctx, ownSession) : endSessionsOfUser(ctx, id)),
    ...audit(ctx, {
      event: 'USER_PASSWORD_RESET',
      severity: 'WARNING',
      action: 'User password reset by admin',
      actor: { id: actor.id, username: actor.username },
      resource: { type: 'USER', id, name: user.username },
      details: { password_previously_set: previouslySet, tokens_revoked: liveTokens },
    }),
    ...alongside(password),
  ]
  const changed = await commitChange(ctx, statements)
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'admin' })
  return {
    tokensRevoked: rowsChanged(statements, changed, 'revoke_tokens_of_user'),
    sessionsEnded: rowsChanged(statements, changed, own ? 'delete_other_sessions' : 'delete_sessions_of_user'),
  }
}
