/** A code that is redeemed again: somebody holds a copy, and perhaps the first tokens (RFC 6749 §4.1.2). */
import { and, eq, gt, isNull } from 'drizzle-orm'
import { type AuditEvent, audit } from '../audit/audit'
import { now, type RequestContext } from '../context'
import { Conflict, commit, must } from '../db/commit'
import { param, write } from '../db/definitions'
import { revokeFamily } from '../tokens/revoke'

const endLiveFamily = write('end_family_of_reused_code', (q, t) =>
  q
    .update(t.tokenFamilies)
    .set({ revokedAt: param('now') })
    .where(
      and(
        eq(t.tokenFamilies.id, param('id')),
        isNull(t.tokenFamilies.revokedAt),
        gt(t.tokenFamilies.expiresAt, param('now')),
      ),
    ),
)

export interface ReusedCode {
  /** Of the tokens the first redemption led to. */
  readonly familyId: string
  readonly clientId: string
  readonly userId: string | undefined
  readonly resource: AuditEvent['resource']
  readonly action: string
}

/** Ends everything the first redemption led to, and reports it once. Throws `DatabaseUnavailable`. */
export async function revokeGrantOfCode(ctx: RequestContext, reused: ReusedCode): Promise<void> {
  const { familyId: id, clientId, userId, resource, action } = reused
  try {
    await commit(ctx, [
      must(endLiveFamily, { id, now: now(ctx) }, 'family'),
      ...revokeFamily(ctx, id),
      ...audit(ctx, {
        event: 'SUSPICIOUS_ACTIVITY',
        severity: 'CRITICAL',
        action,
        actor: { id: userId },
        resource,
        clientId,
        details: { family_id: id, client_id: clientId },
      }),
    ])
    ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'replay_detection' })
  } catch (error) {
    // Its tokens have ended already.
    if (!(error instanceof Conflict && error.label === 'family')) throw error
  }
}
