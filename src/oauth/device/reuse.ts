/** A device code that is redeemed again: somebody holds a copy, and perhaps the first tokens (RFC 6749 §4.1.2). */
import { and, eq, gt, isNull } from 'drizzle-orm'
import { audit } from '../../audit/audit'
import { now, type RequestContext } from '../../context'
import { Conflict, commit, must } from '../../db/commit'
import { param, write } from '../../db/definitions'
import { revokeFamily } from '../../tokens/revoke'
import type { PolledCode } from './codes'

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

/** Polls of one device can overlap: a repeated request that arrives this soon after the redemption is no second holder. */
const OVERLAP_MS = 10_000

/**
 * Ends everything the first redemption led to, and reports it once. An overlapping poll ends nothing; it gets no token
 * either. Throws `DatabaseUnavailable`.
 */
export async function revokeReusedCode(ctx: RequestContext, code: PolledCode): Promise<void> {
  const { tokenFamilyId: id, consumedAt } = code
  if (id === null || consumedAt === null) return
  if (ctx.clock.now() - consumedAt.getTime() < OVERLAP_MS) return
  try {
    await commit(ctx, [
      must(endLiveFamily, { id, now: now(ctx) }, 'family'),
      ...revokeFamily(ctx, id),
      ...audit(ctx, {
        event: 'SUSPICIOUS_ACTIVITY',
        severity: 'CRITICAL',
        action: 'Device code reuse detected — token family revoked',
        actor: { id: code.userId ?? undefined },
        resource: { type: 'DEVICE_CODE', id: code.id },
        clientId: code.clientId,
        details: { family_id: id, client_id: code.clientId },
      }),
    ])
    ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'replay_detection' })
  } catch (error) {
    // Its tokens have ended already.
    if (!(error instanceof Conflict && error.label === 'family')) throw error
  }
}
