/** What the service says about a person becomes the account's data. Role and status never come from there. */
import { and, eq } from 'drizzle-orm'
import { audit } from '../../audit/audit'
import { now, type RequestContext } from '../../context'
import { param, query, rowParameters, write } from '../../db/definitions'
import { must, type Statement } from '../../db/statements'
import { isEmailTaken } from '../../users/create-user'
import { isRetired, retireUsername } from '../../users/retired-usernames'
import { lastLoginAfter } from '../second-factor/required'
import { findUserByUsername, normaliseEmail, normaliseUsername, type User } from '../users'
import { isSamePerson } from './mismatch'
import { type ExternalIdentity, isStorable } from './response'

/** Why an accepted person does not get in; nothing is written then. */
export type SyncProblem =
  | 'external_id_mismatch'
  | 'account_disabled'
  | 'username_taken'
  | 'username_unusable'
  | 'email_taken'
  | 'email_missing'

export type Sync =
  | {
      readonly kind: 'ready'
      /** As it will be after the commit. */
      readonly user: User
      readonly isNew: boolean
      /** Writes the user's row: the claim of the session's commit. */
      readonly claim: Statement
      readonly alongside: readonly Statement[]
    }
  | { readonly kind: 'refused'; readonly problem: SyncProblem; readonly user: User | undefined }

const SOURCE = 'http_api'

/**
 * The account of an accepted person. `known` is the account of the name that was typed: it stays with the external id it
 * has, because a name may belong to somebody else by now. Unknown names find the account of the external id, or make one.
 *
 * What somebody else has cannot be taken over: a new account is refused then, a known one keeps what it had.
 *
 * Throws `DatabaseUnavailable`.
 */
export async function syncUser(
  ctx: RequestContext,
  known: User | undefined,
  typed: string,
  identity: ExternalIdentity,
): Promise<Sync> {
  const bound = await ctx.db.one(userOfExternalId, { source: SOURCE, externalId: identity.id })
  const isTheirs = known === undefined || (isSamePerson(known, identity) && (!bound || bound.id === known.id))
  if (!isTheirs) return refuse('external_id_mismatch', known)
  const user = known ?? bound
  if (user) return await updateActive(ctx, user, identity, { refusesTakenName: known === undefined })
  const created = await create(ctx, typed, identity)
  if (created.kind === 'ready') return created
  // Name or address may be taken by this very person, who signed in for the first time twice at once.
  const meanwhile = await ctx.db.one(userOfExternalId, { source: SOURCE, externalId: identity.id })
  return meanwhile ? await updateActive(ctx, meanwhile, identity, { refusesTakenName: true }) : created
}

const updateActive = async (
  ctx: RequestContext,
  user: User,
  identity: ExternalIdentity,
  options: { refusesTakenName: boolean },
): Promise<Sync> => (user.isActive ? await update(ctx, user, identity, options) : refuse('account_disabled', user))

const refuse = (problem: SyncProblem, user?: User): Sync => ({ kind: 'refused', problem, user })

const userOfExternalId = query('user_of_external_id', (q, t) =>
  q
    .select()
    .from(t.users)
    .where(and(eq(t.users.authSource, param('source')), eq(t.users.externalId, param('externalId')))),
)

const LONGEST_USERNAME = 255

async function create(ctx: RequestContext, typed: string, identity: ExternalIdentity): Promise<Sync> {
  const username = identity.username || typed.trim()
  const { email, fullName } = identity
  if (username === '' || username.length > LONGEST_USERNAME || !isStorable(username)) return refuse('username_unusable')
  if (!isAddress(email)) return refuse('email_missing')
  if (await isNameTaken(ctx, username, '')) return refuse('username_taken')
  if (await isEmailTaken(ctx, email)) return refuse('email_taken')
  const at = now(ctx)
  const user: User = {
    id: ctx.random.uuid(),
    username,
    usernameNorm: normaliseUsername(username),
    ...vouched(email),
    passwordHash: '',
    role: 'user',
    fullName,
    avatarUrl: '',
    isActive: true,
    externalId: identity.id,
    authSource: SOURCE,
    mustChangePassword: false,
    language: null,
    totpSecret: null,
    totpLastStep: null,
    passkeyCount: 0,
    lastLoginAt: at,
    tokenEpoch: 0,
    version: 1,
    imported: false,
    createdAt: at,
    updatedAt: at,
  }
  return { kind: 'ready', user, isNew: true, claim: must(insertExternalUser, user, 'user'), alongside: [] }
}

const insertExternalUser = write('insert_external_user', (q, t) => q.insert(t.users).values(rowParameters(t.users)))

async function update(
  ctx: RequestContext,
  user: User,
  { id, username, email, fullName }: ExternalIdentity,
  { refusesTakenName }: { refusesTakenName: boolean },
): Promise<Sync> {
  const changes: Partial<User> = user.externalId ? {} : { externalId: id }
  const skipped: string[] = []
  if (username !== '' && username !== user.username) {
    const isTaken = await isNameTaken(ctx, username, user.id)
    if (isTaken && refusesTakenName) return refuse('username_taken', user)
    if (isTaken) skipped.push('username')
    else Object.assign(changes, { username, usernameNorm: normaliseUsername(username) })
  }
  if (isAddress(email) && email !== user.email.trim()) {
    if (await isEmailTaken(ctx, email, user.id)) skipped.push('email')
    else Object.assign(changes, vouched(email))
  }
  if (fullName !== '' && fullName !== user.fullName) changes.fullName = fullName

  const at = now(ctx)
  const isChanged = Object.keys(changes).length > 0
  const edited = isChanged ? { ...changes, version: user.version + 1, updatedAt: at } : {}
  const after: User = { ...user, ...edited, lastLoginAt: lastLoginAfter(user, at) }
  const claim = must(writeSynced, { ...after, seenVersion: user.version }, 'user')
  return { kind: 'ready', user: after, isNew: false, claim, alongside: traces(ctx, user, after, skipped) }
}

/** Only while the account is as it was read. */
const writeSynced = write('sync_external_user', (q, t) =>
  q
    .update(t.users)
    .set({
      username: param('username'),
      usernameNorm: param('usernameNorm'),
      email: param('email'),
      emailNorm: param('emailNorm'),
      emailVerified: param('emailVerified'),
      emailVouchedBy: param('emailVouchedBy'),
      fullName: param('fullName'),
      externalId: param('externalId'),
      lastLoginAt: param('lastLoginAt'),
      version: param('version'),
      updatedAt: param('updatedAt'),
    })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('seenVersion')))),
)

const isNameTaken = async (ctx: RequestContext, username: string, except: string): Promise<boolean> => {
  const holder = await findUserByUsername(ctx, username)
  return (holder !== undefined && holder.id !== except) || (await isRetired(ctx, username, except))
}

/** One `@` with something on both sides and nothing blank, as everywhere an address is stored. */
const isAddress = (text: string): boolean => text.length <= 254 && /^[^@\s]+@[^@\s]+$/.test(text)

/** The directory says whose address it is; that the person reads mail there nobody has seen. */
const vouched = (email: string) => ({
  email,
  emailNorm: normaliseEmail(email),
  emailVerified: false,
  emailVouchedBy: SOURCE,
})

/** The old name stays taken: tokens and old records mean this person by it. */
function traces(ctx: RequestContext, before: User, after: User, skipped: readonly string[]): Statement[] {
  const isRenamed = normaliseUsername(before.username) !== normaliseUsername(after.username)
  const changed = (['username', 'email', 'fullName', 'externalId'] as const).filter(
    (name) => before[name] !== after[name],
  )
  const event = {
    event: 'USER_UPDATED',
    actor: { id: after.id, username: after.username },
    resource: { type: 'USER', id: after.id, name: after.username },
  } as const
  const update = audit(ctx, {
    ...event,
    action: 'User updated from authentication API',
    details: {
      provider: SOURCE,
      changed,
      ...(changed.includes('username') && { old_username: before.username, new_username: after.username }),
    },
  })
  const conflict = audit(ctx, {
    ...event,
    severity: 'WARNING',
    success: false,
    action: 'User not fully updated from authentication API',
    details: { provider: SOURCE, skipped, reason: 'taken_by_another_user' },
  })
  return [
    ...(isRenamed ? [retireUsername(ctx, before)] : []),
    ...(changed.length > 0 ? update : []),
    ...(skipped.length > 0 ? conflict : []),
  ]
}
