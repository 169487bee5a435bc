/** What the audit trail says about sign-ins through providers. */
import { audit } from '../../audit/audit'
import type { RequestContext } from '../../context'
import type { Statement } from '../../db/statements'
import type { Provider, ProviderAccount } from '../providers/provider'
import type { User } from '../users'

/** Whose account there it was. */
export const linkedFacts = (provider: Provider, account: ProviderAccount) => ({
  provider: provider.name,
  provider_user_id: account.subject,
  issuer: account.issuer,
})

export const auditLogin = (
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
    details: { ...linkedFacts(provider, account), ...(action.startsWith('New user') && { email: account.email }) },
  })

export const auditRename = (ctx: RequestContext, provider: Provider, user: User, renamed: string): Statement[] =>
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
  // Anybody can send answers of nobody, again and again.
  const record = account ? ctx.audit.record : ctx.audit.recordRepeatable
  record(ctx, {
    event: 'OAUTH_AUTHENTICATION',
    action: 'OAuth authentication failed',
    severity: 'WARNING',
    success: false,
    ...(user && {
      actor: { id: user.id, username: user.username },
      resource: { type: 'USER', id: user.id } as const,
    }),
    details: { provider: provider.name, reason, ...(account && linkedFacts(provider, account)) },
    errorMessage: reason,
  })
}
