/**
 * The short time in which a repeated refresh gets the very same answer again.
 *
 * An honest client whose connection broke retries with the token that has just been rotated out; taking that for theft
 * would log it out. The answer is kept sealed under a key that needs both the presented token and a server secret, so
 * the database alone reveals nothing, and it ends early when its refresh token has itself been redeemed.
 */
import { and, eq, gt } from 'drizzle-orm'
import { type Context, now } from '../context'
import { param, query, rowParameters, write } from '../db/definitions'
import { run, type Statement } from '../db/statements'
import { seal, unseal } from '../secrets'
import type { TokenResponse } from './mint'

const insertAnswer = write('insert_refresh_grace', (q, t) =>
  q.insert(t.refreshGrace).values(rowParameters(t.refreshGrace)),
)

const answerOf = query('refresh_grace_of', (q, t) =>
  q
    .select({ ciphertext: t.refreshGrace.ciphertext })
    .from(t.refreshGrace)
    .innerJoin(t.accessTokens, eq(t.accessTokens.id, t.refreshGrace.successorTokenId))
    .where(
      and(
        eq(t.refreshGrace.parentTokenId, param('id')),
        gt(t.refreshGrace.expiresAt, param('now')),
        eq(t.accessTokens.status, 'active'),
      ),
    ),
)

const deleteBySuccessor = write('end_refresh_grace', (q, t) =>
  q.delete(t.refreshGrace).where(eq(t.refreshGrace.successorTokenId, param('id'))),
)

/** The presented token is hashed under the key of this purpose: neither half is enough. */
const keyMaterial = (presented: string) => `refresh grace ${presented}`

/** Keeps the answer to the redemption of a token for `REFRESH_REUSE_GRACE`. */
export function keepAnswer(
  ctx: Context,
  presented: { id: string; token: string },
  successorId: string,
  response: TokenResponse,
): Statement {
  return run(insertAnswer, {
    parentTokenId: presented.id,
    successorTokenId: successorId,
    ciphertext: seal(ctx.secrets.seal.digest(keyMaterial(presented.token)), JSON.stringify(response), ctx.random),
    expiresAt: new Date(ctx.clock.now() + ctx.settings.REFRESH_REUSE_GRACE),
  })
}

/** The kept answer, while its time has not ended and its refresh token has not been redeemed, disabled or revoked. */
export async function keptAnswer(
  ctx: Context,
  presented: { id: string; token: string },
): Promise<TokenResponse | undefined> {
  if (ctx.settings.REFRESH_REUSE_GRACE <= 0) return undefined
  const kept = await ctx.db.one(answerOf, { id: presented.id, now: now(ctx) })
  if (!kept) return undefined
  for (const key of ctx.secrets.seal.candidates(keyMaterial(presented.token))) {
    const text = unseal(key, kept.ciphertext)
    if (text !== undefined) return JSON.parse(text) as TokenResponse
  }
  return undefined
}

/** A successor is being redeemed: whoever still holds its predecessor is no honest retry any more. */
export const endGrace = (successorId: string): Statement => run(deleteBySuccessor, { id: successorId })
