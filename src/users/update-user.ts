/** What an administrator changes about a user: name, address, role. */
import { and, eq, sql } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { param, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import { endSessionsOfUser } from '../identity/session-records'
import { normaliseEmail, type User } from '../identity/users'
import { type Actor, anotherAdministrator, asAdministrator, commitChange } from './administrators'
import { isEmailTaken, vouchedByAdmin } from './create-user'
import { checkEmail, requiredEmail, requiredRole, storedFullName } from './fields'
import { UserRefused } from './refused'

export interface UserEdit {
  readonly email: string
  readonly fullName: string
  /** Empty = unchanged. */
  readonly role: string
  readonly noAutoLink: boolean
  /** The version of the user the form was filled in from; `undefined` where it is not known. */
  readonly version: number | undefined
}

export interface UpdatedUser {
  readonly roleChanged: boolean
  readonly sessionsEnded: number
}

const writeEdit = write('edit_user', (q, t) =>
  q
    .update(t.users)
    .set({
      email: param('email'),
      emailNorm: param('emailNorm'),
      emailVouchedBy: param('emailVouchedBy'),
      emailVerified: param('emailVerified'),
      fullName: param('fullName'),
      role: param('role'),
      version: sql`${t.users.version} + 1`,
      updatedAt: param('now'),
    })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

/**
 * A real change of the address makes it unverified; a change of the role ends every browser session of the user.
 *
 * Throws `UserRefused` and `DatabaseUnavailable`.
 */
export async function updateUser(ctx: RequestContext, actor: Actor, user: User, edit: UserEdit): Promise<UpdatedUser> {
  const role = edit.role === '' ? user.role : requiredRole(edit.role)
  const roleChanged = role !== user.role
  if (roleChanged && actor.id === user.id) throw new UserRefused('own_role')
  const email = requiredEmail(edit.email)
  const emailChanged = email !== user.email.trim()
  if (emailChanged) checkEmail(email)
  const fullName = storedFullName(edit.fullName)
  if (email !== user.email && (await isEmailTaken(ctx, email, user.id))) throw new UserRefused('email_taken')
  if (edit.version !== undefined && edit.version !== user.version) throw new UserRefused('changed_meanwhile')

  const demotion = roleChanged && role === 'user'
  const statements = [
    ...asAdministrator(actor),
    must(
      writeEdit,
      {
        ...{ id: user.id, version: user.version, now: now(ctx) },
        ...{ email, fullName, role },
        emailVerified: user.emailVerified && !emailChanged,
        ...vouching(user, { email, role, emailChanged, noAutoLink: edit.noAutoLink }),
      },
      'user',
    ),
    ...(demotion ? await anotherAdministrator(ctx, user) : []),
    ...(roleChanged ? endSessionsOfUser(ctx, user.id) : []),
    ...auditEdit(ctx, actor, user, { email, fullName, role }),
  ]
  const changed = await commitChange(ctx, statements)
  return { roleChanged, sessionsEnded: rowsChanged(statements, changed, 'delete_sessions_of_user') }
}

/** A provider that vouched for the address goes on doing so while it stays. */
function vouching(
  user: User,
  edit: { email: string; role: User['role']; emailChanged: boolean; noAutoLink: boolean },
): Pick<User, 'emailNorm' | 'emailVouchedBy'> {
  const byAdmin = vouchedByAdmin(edit.email, edit.role, edit.noAutoLink)
  if (edit.emailChanged || byAdmin.emailVouchedBy === null || user.emailVouchedBy === null) return byAdmin
  return { emailNorm: normaliseEmail(edit.email), emailVouchedBy: user.emailVouchedBy }
}

function auditEdit(
  ctx: RequestContext,
  actor: Actor,
  user: User,
  stored: { email: string; fullName: string; role: User['role'] },
): Statement[] {
  const resource = { type: 'USER', id: user.id, name: user.username } as const
  const edited = audit(ctx, {
    event: 'USER_UPDATED',
    action: 'User profile updated by admin',
    actor,
    resource,
    details: {
      ...{ email: stored.email, full_name: stored.fullName, role: stored.role },
      ...(stored.email !== user.email && { old_email: user.email }),
    },
  })
  if (stored.role === user.role) return edited
  return [
    ...edited,
    ...audit(ctx, {
      event: 'USER_ROLE_CHANGED',
      severity: 'WARNING',
      action: 'User role changed by admin',
      actor,
      resource,
      details: { old_role: user.role, new_role: stored.role },
    }),
  ]
}
