/**
 * What a resource endpoint needs to know of an access token, put together from copies of its row, its user and its
 * client.
 *
 * The copy of the row names the epochs of user and client at the time it was read, so whatever ends all their tokens
 * ends it too; anything that ends single tokens evicts their copies.
 */
import { findClientFacts } from '../clients/cached-client'
import type { Context } from '../context'
import { findUserFacts } from '../identity/cached-user'
import { isMachineSubject } from './claims'
import { type OwnToken, ownTokenWithEpochs, type TokenWithParties } from './token-rows'

export type CachedToken = OwnToken

/** Undefined when the copies do not suffice: the database decides then. Throws `DatabaseUnavailable`. */
export async function cachedTokenWithParties(
  ctx: Context,
  key: { readonly id: string; readonly hash: string },
): Promise<TokenWithParties | undefined> {
  const row = await ctx.caches.token?.get(key.hash, () => ctx.db.one(ownTokenWithEpochs, key))
  if (!row) return undefined
  const client = await findClientFacts(ctx, row.clientId)
  if (client?.tokenEpoch !== row.clientEpoch) return undefined
  const { clientEpoch: _, userEpoch, ...token } = row
  const parties = { ...token, clientStatus: client.status, username: null, userIsActive: null }
  if (isMachineSubject(row.userId)) return parties
  const user = await findUserFacts(ctx, row.userId)
  if (!user || user.tokenEpoch !== userEpoch) return undefined
  return { ...parties, username: user.username, userIsActive: user.isActive }
}
