/** A device code that is redeemed again. */
import type { RequestContext } from '../../context'
import { revokeGrantOfCode } from '../code-reuse'
import type { PolledCode } from './codes'

/** Polls of one device can overlap: a repeated request that arrives this soon after the redemption is no second holder. */
const OVERLAP_MS = 10_000

/**
 * Ends everything the first redemption led to, and reports it once. An overlapping poll ends nothing; it gets no token
 * either. Throws `DatabaseUnavailable`.
 */
export async function revokeReusedCode(ctx: RequestContext, code: PolledCode): Promise<void> {
  const { tokenFamilyId: familyId, consumedAt, clientId } = code
  if (familyId === null || consumedAt === null) return
  if (ctx.clock.now() - consumedAt.getTime() < OVERLAP_MS) return
  await revokeGrantOfCode(ctx, {
    familyId,
    clientId,
    userId: code.userId ?? undefined,
    resource: { type: 'DEVICE_CODE', id: code.id },
    action: 'Device code reuse detected — token family revoked',
  })
}
