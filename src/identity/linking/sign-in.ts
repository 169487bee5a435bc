/** Signing in as whoever the provider says: finding, connecting or making the account, and the session. */
import { and, eq } from 'drizzle-orm'
import { audit } from '../../audit/audit'
import { now, type RequestContext } from '../../context'
import { Conflict, Duplicate } from '../../db/commit'
import { param, rowParameters, write } from '../../db/definitions'
import { must, run, type Statement } from '../../db/statements'
import { retireUsername } from '../../users/retired-usernames'
import type { Provider, ProviderAccount } from '../providers/provider'
import { type BrowserSession, type StartedSession, startSession } from '../sessions'
import { normaliseEmail, normaliseUsername, type User } from '../users'
import { addressStanding } from './address'
import { type Connection, listConnections, newConnection, snapshotOf, useConnection } from './records'
import { type Refusal, type Resolution, resolveAccount } from './resolve'
import { freeUsername, isFreeUsername, storedForm } from './usernames'

export interface ProviderLogin {
  readonly provider: Provider
  readonly account: ProviderAccount
  readonly remember: boolean
  /** The session this browser has now; it ends when the login succeeds. */
  readonly replaces: BrowserSession | undefined
}

export type ProviderLoginOutcome =
  | { readonly kind: 'signed_in'; readonly started: StartedSession }
  | { readonly kind: 'refused'; readonly reason: Refusal }

/** Somebody else's write came between reading and writing; reading again settles it. */
const MOST_ATTEMPTS = 20

/** What an earlier attempt found taken. */
interface Taken {
  readonly usernames: Set<string>
  rename: boolean
  address: boolean
}

/** Throws `DatabaseUnavailable`. */
export async function signInThrough(ctx: RequestContext, login: ProviderLogin): Promise<ProviderLoginOutcome> {
  const taken: Taken = { usernames: new Set(), rename: false, address: false }
  for (let attempt = 1; ; attempt++) {
    const resolution = await resolveAccount(ctx, login.provider, login.account)
    if (resolution.kind === 'refused') {
      auditRefusedLogin(ctx, login.provider, resolution.reason, login.account, resolution.user)
      return { kind: 'refused', reason: resolution.reason }
    }
    const plan = await planLogin(ctx, login, resolution, taken)
    try {
      return { kind: 'signed_in', started: await start(ctx, login, plan) }
    } catch (error) {
      const isRepeatable = error instanceof Conflict || error instanceof Duplicate
      if (!isRepeatable || attempt === MOST_ATTEMPTS) throw error
      if (error instanceof Duplicate) noteTaken(taken, error, plan)
    }
  }
}

function noteTaken(taken: Taken, { constraint }: Duplicate, plan: Plan): void {
  if (/username/.test(constraint)) {
    taken.usernames.add(plan.user.username)
    taken.rename = true
  } else if (/email/.test(constraint)) taken.address = true
}

/** The user as they are afterwards, and what is written for it, the write to their own row first. */
interface Plan {
  readonly user: User
  readonly claim: Statement
  readonly alongside: readonly Statement[]
}

type Found = Exclude<Resolution, { kind: 'refused' }>

function planLogin(ctx: RequestContext, login: ProviderLogin, found: Found, taken: Taken): Promise<Plan> {
  if (found.kind === 'known') return planKnown(ctx, login, found, taken)
  if (found.kind === 'link') return planLink(ctx, login, found.user, taken)
  return planSignUp(ctx, login, found.claims, taken)
}

function start(ctx: RequestContext, login: ProviderLogin, { user, claim, alongside }: Plan): Promise<StartedSession> {
  const { provider, account, remember, replaces } = login
  const at = ctx.clock.now()
  const authTime = new Date(Math.min(account.authTime?.getTime() ?? at, at))
  const proven = {
    user,
    // Who only proves again who they are keeps what they chose before.
    remember: remember || (replaces?.user.id === user.id && replaces.remember),
    amr: 'fed',
    idp: provider.name,
    authTime,
    ...(replaces && { replaces }),
  }
  return startSession(ctx, proven, { claim, alongside })
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
      ...auditLogin(ctx, provider, account, updated, 'OAuth authentication successful'),
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
    ],
  }
}

const insertUser = write('insert_provider_user', (q, t) => q.insert(t.users).values(rowParameters(t.users)))

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
    lastLoginAt: at,
    tokenEpoch: 0,
    version: 1,
    imported: false,
    createdAt: at,
    updatedAt: at,
  }
  return {
    user,
    claim: must(insertUser, user, 'user'),
    alongside: [
      statement,
      ...claims.map((claim) =>
        run(dropClaim, { id: claim.id, version: claim.version, nextVersion: claim.version + 1, now: at }),
      ),
      ...auditLogin(ctx, provider, account, user, 'New user created via OAuth'),
    ],
  }
}

/** The owner of the mailbox has come: the account that only said it was theirs is left without an address. */
const dropClaim = write('drop_address_claim', (q, t) =>
  q
    .update(t.users)
    .set({ email: '', version: param('nextVersion'), updatedAt: param('now') })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

const updateUserRow = write('update_user_from_provider', (q, t) =>
  q
    .update(t.users)
    .set({
      username: param('username'),
      usernameNorm: param('usernameNorm'),
      fullName: param('fullName'),
      avatarUrl: param('avatarUrl'),
      emailVerified: param('emailVerified'),
      emailVouchedBy: param('emailVouchedBy'),
      emailNorm: param('emailNorm'),
      version: param('version'),
      lastLoginAt: param('lastLoginAt'),
      updatedAt: param('updatedAt'),
    })
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.version, param('seenVersion')))),
)

const EDITED = [
  ...(['username', 'usernameNorm', 'fullName', 'avatarUrl'] as const),
  ...(['emailVerified', 'emailVouchedBy', 'emailNorm'] as const),
]

/** Conflict label: `user`. */
export function updateUser(ctx: Pick<RequestContext, 'clock'>, seen: User, wanted: User) {
  const at = now(ctx)
  const isEdited = EDITED.some((column) => wanted[column] !== seen[column])
  const user: User = {
    ...wanted,
    version: isEdited ? seen.version + 1 : seen.version,
    lastLoginAt: at,
    updatedAt: isEdited ? at : seen.updatedAt,
  }
  return { user, claim: must(updateUserRow, { ...user, seenVersion: seen.version }, 'user') }
}

const auditLogin = (
  ctx: RequestContext,
  provider: Provider,
  account: ProviderAccount,
  user: User,
  action: string,
  severity: 'INFO' | 'WARNING' = 'INFO',
): Statement[] =>
  audit(ctx, {
    event: 'OAUTH_AUTHENTICATION',
    action,
    severity,
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: user.id },
    details: {
      provider: provider.name,
      provider_user_id: account.subject,
      issuer: account.issuer,
      ...(action.startsWith('New user') && { email: account.email }),
    },
  })

const auditRename = (ctx: RequestContext, provider: Provider, user: User, renamed: string): Statement[] =>
  audit(ctx, {
    event: 'USER_UPDATED',
    action: 'Username re-synced from Microsoft provider',
    actor: { id: user.id, username: renamed },
    resource: { type: 'USER', id: user.id },
    details: { provider: provider.name, old_username: user.username, new_username: renamed },
  })

/** Every answer that signs nobody in leaves a trace; reasons are never shown. */
export function auditRefusedLogin(
  ctx: RequestContext,
  provider: Provider,
  reason: string,
  account?: ProviderAccount,
  user?: User,
): void {
  ctx.audit.record(ctx, {
    event: 'OAUTH_AUTHENTICATION',
    action: 'OAuth authentication failed',
    severity: 'WARNING',
    success: false,
    ...(user && {
      actor: { id: user.id, username: user.username },
      resource: { type: 'USER', id: user.id } as const,
    }),
    details: {
      provider: provider.name,
      reason,
      ...(account && { provider_user_id: account.subject, issuer: account.issuer }),
    },
    errorMessage: reason,
  })
}
