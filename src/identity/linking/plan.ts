/** What is written when somebody signs in through a provider: for whom it is known, for whom it is new. */
import { now, type RequestContext } from '../../context'
import type { Statement } from '../../db/statements'
import { retireUsername } from '../../users/retired-usernames'
import type { Provider, ProviderAccount } from '../providers/provider'
import { auditFirstStep } from '../second-factor/first-step'
import type { BrowserSession } from '../sessions'
import { normaliseEmail, normaliseUsername, type User } from '../users'
import { addressStanding } from './address'
import { auditLogin, auditRename, linkedFacts } from './audit-login'
import { type Connection, listConnections, newConnection, snapshotOf, useConnection } from './records'
import type { Resolution } from './resolve'
import { dropAddressClaim, insertProviderUser, updateUser } from './user-writes'
import { freeUsername, isFreeUsername, storedForm } from './usernames'

export interface ProviderLogin {
  readonly provider: Provider
  readonly account: ProviderAccount
  readonly remember: boolean
  /** The session this browser has now; it ends when the login succeeds. */
  readonly replaces: BrowserSession | undefined
}

/** What an earlier attempt found taken. */
export interface Taken {
  readonly usernames: Set<string>
  rename: boolean
  address: boolean
}

/** The user as they are afterwards, and what is written for it, the write to their own row first. */
export interface Plan {
  readonly user: User
  readonly claim: Statement
  readonly alongside: readonly Statement[]
}

type Found = Exclude<Resolution, { kind: 'refused' }>

/** Throws `DatabaseUnavailable`. */
export function planLogin(ctx: RequestContext, login: ProviderLogin, found: Found, taken: Taken): Promise<Plan> {
  if (found.kind === 'known') return planKnown(ctx, login, found, taken)
  if (found.kind === 'link') return planLink(ctx, login, found.user, taken)
  return planSignUp(ctx, login, found.claims, taken)
}

async function planKnown(
  ctx: RequestContext,
  { provider, account }: ProviderLogin,
  { user, connection }: Extract<Found, { kind: 'known' }>,
  taken: Taken,
): Promise<Plan> {
  const before = await listConnections(ctx, user.id)
  const after = before.map((each) => (each.id === connection.id ? { ...each, ...snapshotOf(account) } : each))
  const renamed = taken.rename ? undefined : await renamedUser(ctx, user, account)
  const updated: User = {
    ...user,
    ...refreshedProfile(user, connection, account),
    ...standing(user, before, after, taken),
    ...(renamed && { username: renamed, usernameNorm: normaliseUsername(renamed) }),
  }
  const rename = renamed === undefined ? [] : [retireUsername(ctx, user), ...auditRename(ctx, provider, user, renamed)]
  return {
    ...updateUser(ctx, user, updated),
    alongside: [
      useConnection(ctx, connection.id, account),
      ...rename,
      ...(auditFirstStep(ctx, updated, linkedFacts(provider, account)) ??
        auditLogin(ctx, provider, account, updated, 'OAuth authentication successful')),
    ],
  }
}

/** What was edited here, or never came from there, stays. */
function refreshedProfile(user: User, connection: Connection, account: ProviderAccount) {
  const { providerFullName: formerName } = connection
  const isNameTheirs = user.fullName === '' || formerName === null || user.fullName === formerName
  const isAvatarTheirs = user.avatarUrl === '' || user.avatarUrl === connection.avatarUrl
  return {
    fullName: isNameTheirs && account.fullName !== '' ? account.fullName : user.fullName,
    avatarUrl: isAvatarTheirs && account.avatarUrl !== '' ? account.avatarUrl : user.avatarUrl,
  }
}

function standing(user: User, before: readonly Connection[], after: readonly Connection[], taken: Taken) {
  const found = addressStanding(user, before, after)
  // Somebody else has the address for sure.
  return taken.address ? { ...found, emailNorm: user.emailNorm } : found
}

async function renamedUser(ctx: RequestContext, user: User, account: ProviderAccount): Promise<string | undefined> {
  const wanted = storedForm(account.directoryName ?? '')
  if (wanted === '' || wanted === user.username) return undefined
  return (await isFreeUsername(ctx, wanted, user.id)) ? wanted : undefined
}

async function planLink(ctx: RequestContext, login: ProviderLogin, user: User, taken: Taken): Promise<Plan> {
  const { provider, account } = login
  const before = await listConnections(ctx, user.id)
  const { row, statement } = newConnection(ctx, user.id, provider, account)
  const updated: User = {
    ...user,
    avatarUrl: user.avatarUrl || account.avatarUrl,
    ...standing(user, before, [...before, row], taken),
  }
  return {
    ...updateUser(ctx, user, updated),
    alongside: [
      statement,
      // Nobody asked for it, so it is to be noticed.
      ...auditLogin(ctx, provider, account, updated, 'OAuth provider linked to existing user', 'WARNING'),
      ...(auditFirstStep(ctx, updated, linkedFacts(provider, account)) ?? []),
    ],
  }
}

async function planSignUp(
  ctx: RequestContext,
  { provider, account }: ProviderLogin,
  claims: readonly User[],
  taken: Taken,
): Promise<Plan> {
  const username = await freeUsername(ctx, provider, account.username, taken.usernames)
  const at = now(ctx)
  const id = ctx.random.uuid()
  const { row, statement } = newConnection(ctx, id, provider, account)
  const isVouched = account.emailVerified
  const user: User = {
    id,
    username,
    usernameNorm: normaliseUsername(username),
    email: account.email,
    emailNorm: isVouched ? normaliseEmail(account.email) : null,
    emailVerified: isVouched,
    emailVouchedBy: isVouched ? row.id : null,
    passwordHash: '',
    role: 'user',
    fullName: account.fullName,
    avatarUrl: account.avatarUrl,
    isActive: true,
    externalId: null,
    authSource: 'local',
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
  return {
    user,
    claim: insertProviderUser(user),
    alongside: [
      statement,
      ...claims.map((claim) => dropAddressClaim(ctx, claim)),
      ...auditLogin(ctx, provider, account, user, 'New user created via OAuth'),
    ],
  }
}
