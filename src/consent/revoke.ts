/** Taking back what a user allowed a client: the consent ends, and with it every token and code it led to. */
import { and, eq } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { commit } from '../db/commit'
import { param, write } from '../db/definitions'
import { must } from '../db/statements'
import { revokeTokensOfConsent } from '../tokens/revoke'
import type { Consent } from './consents'

const endConsent = write('end_consent', (q, t) =>
  q
    .update(t.userAuthorizations)
    .set({ isActive: false, revokedAt: param('now'), updatedAt: param('now') })
    .where(and(eq(t.userAuthorizations.uuid, param('uuid')), eq(t.userAuthorizations.isActive, true))),
)

export interface RevokedConsent {
  readonly tokensRevoked: number
}

/**
 * `by` is who revokes: the user, or an administrator. Tokens of device logins and refreshed ones go too.
 *
 * Throws `Conflict('consent')` when it was revoked meanwhile, and `DatabaseUnavailable`.
 */
export async function revokeConsent(
  ctx: RequestContext,
  consent: Pick<Consent, 'uuid' | 'userId' | 'clientId' | 'scopes'>,
  by: { readonly id: string; readonly username: string },
): Promise<RevokedConsent> {
  const { uuid, userId, clientId, scopes } = consent
  const own = by.id === userId
  const [lock, ...revocation] = revokeTokensOfConsent(ctx, { userId, clientId })
  const statements = [
    // The user's row is locked first, as in every issuance.
    ...(lock ? [lock] : []),
    must(endConsent, { uuid, now: now(ctx) }, 'consent'),
    ...revocation,
    ...audit(ctx, {
      event: 'USER_AUTHORIZATION_REVOKED',
      action: own ? 'User revoked authorization for application' : 'Administrator revoked authorization of user',
      actor: by,
      resource: { type: 'AUTHORIZATION', id: uuid },
      clientId,
      details: { client_id: clientId, scopes, user_id: userId },
    }),
  ]
  const changed = await commit(ctx, statements)
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: own ? 'user_request' : 'admin' })
  return { tokensRevoked: rowsChanged(statements, changed, 'revoke_tokens_of_consent') }
}
