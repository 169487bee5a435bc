/** Connecting an account at a provider to the account somebody is signed in to, because they asked for it. */
import { audit } from '../../audit/audit'
import type { RequestContext } from '../../context'
import { Conflict, commit, Duplicate, type Statement } from '../../db/commit'
import type { Provider, ProviderAccount } from '../providers/provider'
import { addFlash, type BrowserSession } from '../sessions'
import { findUser, type User } from '../users'
import { addressStanding } from './address'
import { findConnection, forgetSevered, listConnections, newConnection } from './records'
import { updateUser } from './user-writes'

export type ConnectOutcome =
  | 'connected'
  /** It was connected to this user before. */
  | 'already'
  /** It signs somebody else in. */
  | 'of_another_user'
  /** The user has another account at this provider connected; one of them would be a way in that nobody sees. */
  | 'another_account'
  /** A directory decides whether this person may sign in, and must not be passed by. */
  | 'managed_elsewhere'

const MOST_ATTEMPTS = 5

/** `message` is shown on the next page when it worked. Throws `DatabaseUnavailable`. */
export async function connectAccount(
  ctx: RequestContext,
  session: BrowserSession,
  { provider, account, message }: { provider: Provider; account: ProviderAccount; message: string },
): Promise<ConnectOutcome> {
  for (let attempt = 1; ; attempt++) {
    const known = await findConnection(ctx, provider, account)
    if (known) return known.user.id === session.user.id ? 'already' : 'of_another_user'
    const user = await findUser(ctx, session.user.id)
    if (!user || user.authSource === 'http_api') return 'managed_elsewhere'
    const before = await listConnections(ctx, user.id)
    if (before.some((each) => each.provider === provider.name && each.issuer === account.issuer))
      return 'another_account'

    const { row, statement } = newConnection(ctx, user.id, provider, account)
    const standing = addressStanding(user, before, [...before, row])
    const updated = { ...user, avatarUrl: user.avatarUrl || account.avatarUrl, ...standing }
    const { claim } = updateUser(ctx, user, updated)
    try {
      await commit(ctx, [
        claim,
        statement,
        forgetSevered(user.id, provider, account),
        addFlash(session, message),
        ...auditConnect(ctx, provider, account, user),
      ])
      return 'connected'
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !(error instanceof Conflict || error instanceof Duplicate)) throw error
    }
  }
}

const auditConnect = (
  ctx: RequestContext,
  provider: Provider,
  { subject, issuer }: ProviderAccount,
  { id, username }: User,
): Statement[] =>
  audit(ctx, {
    event: 'OAUTH_AUTHENTICATION',
    action: 'OAuth provider linked by user',
    actor: { id, username },
    resource: { type: 'USER', id },
    details: { provider: provider.name, provider_user_id: subject, issuer },
  })
