/** An account made by an administrator. */
import { and, eq, ne, or } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { type Context, now } from '../context'
import { param, query, rowParameters, write } from '../db/definitions'
import { run, type Statement } from '../db/statements'
import { generatePassword, passwordProblem } from '../identity/password'
import { normaliseEmail, normaliseUsername, type User } from '../identity/users'
import { type Actor, asAdministrator, commitChange } from './administrators'
import { checkEmail, requiredEmail, requiredRole, storedFullName, storedUsername } from './fields'
import { UserRefused } from './refused'
import { isRetired } from './retired-usernames'

export interface NewUser {
  /** As typed; what is stored is reduced to `[a-z0-9_-]`. */
  readonly username: string
  readonly email: string
  readonly fullName: string
  /** Empty = `user`. */
  readonly role: string
  /** Empty = one is generated. */
  readonly password: string
  /** No provider may sign in here by naming this address. */
  readonly noAutoLink: boolean
  /** Takes the name although it belonged to an account that was deleted. */
  readonly reuseUsername: boolean
}

export interface CreatedUser {
  readonly user: User
  /** The one password there is; to be shown once. `undefined` when the administrator typed one. */
  readonly generatedPassword: string | undefined
}

const insertUser = write('insert_user', (q, t) => q.insert(t.users).values(rowParameters(t.users)))

const userWithName = query('user_with_name', (q, t) =>
  q
    .select({ id: t.users.id })
    .from(t.users)
    .where(or(eq(t.users.usernameNorm, param('normalised')), eq(t.users.username, param('name')))),
)

const userWithEmail = query('other_user_with_email', (q, t) =>
  q
    .select({ id: t.users.id })
    .from(t.users)
    .where(
      and(
        or(eq(t.users.email, param('email')), eq(t.users.emailNorm, param('normalised'))),
        ne(t.users.id, param('except')),
      ),
    )
    .limit(1),
)

/** Whether a user other than `except` has this address. */
export const isEmailTaken = async (ctx: Pick<Context, 'db'>, email: string, except = ''): Promise<boolean> =>
  (await ctx.db.one(userWithEmail, { email, normalised: normaliseEmail(email), except })) !== undefined

/**
 * Who vouches for an address an administrator entered. Nobody does for an administrator's own: no provider may sign in
 * as one by naming it.
 */
export const vouchedByAdmin = (email: string, role: User['role'], noAutoLink: boolean) =>
  noAutoLink || role === 'admin'
    ? { emailNorm: null, emailVouchedBy: null }
    : { emailNorm: normaliseEmail(email), emailVouchedBy: 'admin' }

/**
 * Makes the account; its owner has to choose another password at the first sign-in. `alongside` adds to the commit, such
 * as the page that shows the password once.
 *
 * Throws `UserRefused`, `DatabaseUnavailable` and `PasswordQueueFull`.
 */
export async function createUser(
  ctx: Context,
  actor: Actor,
  input: NewUser,
  alongside: (created: CreatedUser) => readonly Statement[] = () => [],
): Promise<CreatedUser> {
  const username = storedUsername(input.username)
  const email = requiredEmail(input.email)
  const role = requiredRole(input.role || 'user')
  checkEmail(email)
  const fullName = storedFullName(input.fullName)
  if (input.password !== '') {
    const unfit = passwordProblem(input.password, username, email)
    if (unfit) throw new UserRefused('password_unfit', unfit)
  }
  // In this order: a name that is free now and was not before is found among the retired ones.
  if (await ctx.db.one(userWithName, { name: username, normalised: normaliseUsername(username) }))
    throw new UserRefused('username_taken')
  if (!input.reuseUsername && (await isRetired(ctx, username))) throw new UserRefused('username_retired')
  if (await isEmailTaken(ctx, email)) throw new UserRefused('email_taken')

  const generatedPassword = input.password === '' ? generatePassword(ctx.random) : undefined
  const at = now(ctx)
  const user: User = {
    id: ctx.random.uuid(),
    username,
    usernameNorm: normaliseUsername(username),
    email,
    ...vouchedByAdmin(email, role, input.noAutoLink),
    passwordHash: await ctx.passwords.hash(generatedPassword ?? input.password),
    role,
    fullName,
    avatarUrl: '',
    isActive: true,
    emailVerified: false,
    externalId: null,
    authSource: 'local',
    mustChangePassword: true,
    language: null,
    totpSecret: null,
    totpLastStep: null,
    passkeyCount: 0,
    lastLoginAt: null,
    tokenEpoch: 0,
    version: 1,
    imported: false,
    createdAt: at,
    updatedAt: at,
  }
  const created = { user, generatedPassword }
  await commitChange(ctx, [
    ...asAdministrator(actor),
    run(insertUser, user),
    ...audit(ctx, {
      event: 'USER_CREATED',
      action: 'User created by admin',
      actor,
      resource: { type: 'USER', id: user.id, name: username },
      details: {
        ...{ username, email, role },
        ...(input.reuseUsername && { reused_username: true }),
        ...(input.noAutoLink && { automatic_linking: false }),
      },
    }),
    ...alongside(created),
  ])
  return created
}
