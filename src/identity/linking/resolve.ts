/**
 * Which account a person who signed in elsewhere has here.
 *
 * The account at the provider decides; an address only where the provider vouches for it and the account here has it for
 * sure (pre-hijacking: whoever made an account with a foreign address must not be joined by its owner).
 */
import type { Context } from '../../context'
import type { Provider, ProviderAccount } from '../providers/provider'
import type { User } from '../users'
import { isBareClaim, isReservedAddress } from './address'
import { type Connection, findConnection, findUsersByEmail, isSevered, listConnections } from './records'

export type Refusal =
  | 'account_disabled'
  | 'duplicate_email'
  | 'email_unverified'
  | 'not_linkable'
  | 'registration_disabled'

export type Resolution =
  | { readonly kind: 'known'; readonly user: User; readonly connection: Connection }
  | { readonly kind: 'link'; readonly user: User }
  /** `claims` are accounts that have the address without any proof. */
  | { readonly kind: 'sign_up'; readonly claims: readonly User[] }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly user?: User }

type ResolveContext = Pick<Context, 'db' | 'settings'>

/** Writes nothing. Throws `DatabaseUnavailable`. */
export async function resolveAccount(
  ctx: ResolveContext,
  provider: Provider,
  account: ProviderAccount,
): Promise<Resolution> {
  const known = await byConnection(ctx, provider, account)
  if (known) return known
  const found = await byAddress(ctx, provider, account)
  if (found.kind === 'sign_up') return found
  // The same person's first sign-in elsewhere may have been written between the two look-ups.
  return (await byConnection(ctx, provider, account)) ?? found
}

async function byConnection(ctx: ResolveContext, provider: Provider, account: ProviderAccount) {
  const known = await findConnection(ctx, provider, account)
  if (!known) return undefined
  if (!known.user.isActive) return refused('account_disabled', known.user)
  if (await isOneOfTwo(ctx, account, known)) return refused('not_linkable', known.user)
  return { kind: 'known', ...known } as const
}

async function byAddress(ctx: ResolveContext, provider: Provider, account: ProviderAccount): Promise<Resolution> {
  const sameAddress = await findUsersByEmail(ctx, account.email)
  const holders = sameAddress.filter((user) => !isBareClaim(user))
  const [user, another] = holders
  if (!user) {
    if (!ctx.settings.OAUTH_AUTO_REGISTER) return refused('registration_disabled')
    const claims = sameAddress.filter(isBareClaim)
    // Two claims without proof are equally worthless; the first is not driven out by the second.
    if (claims.length > 0 && !account.emailVerified) return refused('email_unverified')
    return { kind: 'sign_up', claims }
  }
  // Before anything is said about the account: who has no proof learns nothing.
  if (!account.emailVerified) return refused('email_unverified')
  if (another) return refused('duplicate_email')
  if (!user.isActive) return refused('account_disabled', user)
  return (await mayLink(ctx, provider, account, user)) ? { kind: 'link', user } : refused('not_linkable', user)
}

/** A connection that was taken over, of a user who has connected another account of the same issuer since. */
async function isOneOfTwo(ctx: ResolveContext, { issuer }: ProviderAccount, known: { connection: Connection }) {
  const { id, userId, provider, issuer: kept } = known.connection
  if (kept === issuer) return false
  const connections = await listConnections(ctx, userId)
  return connections.some((each) => each.id !== id && each.provider === provider && each.issuer === issuer)
}

const refused = (reason: Refusal, user?: User): Resolution => ({ kind: 'refused', reason, ...(user && { user }) })

async function mayLink(ctx: ResolveContext, provider: Provider, account: ProviderAccount, user: User) {
  if (ctx.settings.OAUTH_AUTO_LINK === 'off' || !account.mayLinkByEmail) return false
  // Whoever controls a mailbox must not thereby become an administrator, nor come back in after leaving the directory.
  if (user.role === 'admin' || user.authSource === 'http_api') return false
  const isSure = user.emailNorm !== null && (user.emailVerified || user.emailVouchedBy === 'admin')
  if (!isSure || isReservedAddress(user.email)) return false
  if (await isSevered(ctx, user.id, provider, account)) return false
  const connections = await listConnections(ctx, user.id)
  return !connections.some((each) => each.provider === provider.name && each.issuer === account.issuer)
}
