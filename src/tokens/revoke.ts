/**
 * Revocation as parts of a commit: one token, one grant with everything issued from it, and everything of a user, a
 * client or a consent.
 *
 * Bulk revocation raises the subject's epoch first. An issuance that read the subject before compares the epoch inside
 * its own transaction, so nothing minted concurrently survives. `disabled` tokens are hit like `active` ones, or they
 * could be enabled again afterwards. Codes that could still become tokens are dropped in the same commit; redeemed ones
 * stay, as evidence.
 */
import { and, type Column, eq, inArray, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm'
import { type Context, now } from '../context'
import { type Parameters, param, type Query, query, type Write, write } from '../db/definitions'
import { must, run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import type { TokenRow } from './records'

type Clock = Pick<Context, 'clock'>
type Condition = SQL | undefined

const revokeTokens = (name: string, which: (t: Tables) => Condition): Write =>
  write(name, (q, t) =>
    q
      .update(t.accessTokens)
      .set({ status: 'revoked', revokedAt: param('now'), updatedAt: param('now') })
      .where(and(which(t), inArray(t.accessTokens.status, ['active', 'disabled']))),
  )

const endFamilies = (name: string, which: (t: Tables) => Condition): Write =>
  write(name, (q, t) =>
    q
      .update(t.tokenFamilies)
      .set({ revokedAt: param('now') })
      .where(and(which(t), isNull(t.tokenFamilies.revokedAt))),
  )

const revokeTokenRow = revokeTokens('revoke_token', (t) => eq(t.accessTokens.id, param('id')))

/** Revokes one token and nothing else. Changes no row when it is revoked already or gone. */
export const revokeToken = (ctx: Clock, id: string): Statement => run(revokeTokenRow, { id, now: now(ctx) })

const endFamily = endFamilies('end_family', (t) => eq(t.tokenFamilies.id, param('id')))
const revokeTokensOfFamily = revokeTokens('revoke_tokens_of_family', (t) =>
  eq(t.accessTokens.tokenFamilyId, param('id')),
)
/** Tokens taken over from an earlier deployment may hang together by their parent only. */
const revokeTokensOfRoot = revokeTokens('revoke_tokens_of_root', (t) =>
  and(
    eq(t.accessTokens.userId, param('userId')),
    or(eq(t.accessTokens.id, param('id')), eq(t.accessTokens.parentTokenId, param('id'))),
  ),
)

/** Revokes everything issued from one grant, access and refresh tokens (RFC 7009 §2.1). */
export const revokeFamily = (ctx: Clock, id: string): Statement[] => [
  run(endFamily, { id, now: now(ctx) }),
  run(revokeTokensOfFamily, { id, now: now(ctx) }),
]

/**
 * Revokes everything issued from the grant a token belongs to, also when it was taken over without a family. Without
 * one the write is made twice: PostgreSQL's first may wait for a refresh, whose new tokens only a second one sees.
 */
export function revokeGrantOf(
  ctx: Clock,
  token: Pick<TokenRow, 'id' | 'userId' | 'tokenFamilyId' | 'parentTokenId'>,
): Statement[] {
  if (token.tokenFamilyId) return revokeFamily(ctx, token.tokenFamilyId)
  const root = run(revokeTokensOfRoot, { id: token.parentTokenId || token.id, userId: token.userId, now: now(ctx) })
  return [root, root]
}

/** Whom a bulk revocation concerns; the tables of tokens, families and codes all name user and client. */
type Reach = (table: { userId: Column; clientId: Column }) => Condition

const ofUser: Reach = (table) => eq(table.userId, param('userId'))
const ofClient: Reach = (table) => eq(table.clientId, param('clientId'))
const ofConsent: Reach = (table) => and(ofUser(table), ofClient(table))

/** Everything a bulk revocation writes after it raised the epoch. */
const bulkWrites = (name: string, reach: Reach): Write[] => [
  endFamilies(`end_families_of_${name}`, (t) => reach(t.tokenFamilies)),
  revokeTokens(`revoke_tokens_of_${name}`, (t) => reach(t.accessTokens)),
  write(`drop_authorization_codes_of_${name}`, (q, t) =>
    q.delete(t.authorizationCodes).where(and(reach(t.authorizationCodes), isNull(t.authorizationCodes.usedAt))),
  ),
  write(`drop_device_codes_of_${name}`, (q, t) =>
    q
      .delete(t.deviceCodes)
      .where(and(reach(t.deviceCodes), isNotNull(t.deviceCodes.userId), isNull(t.deviceCodes.consumedAt))),
  ),
]

const liveTokens = (name: string, reach: Reach): Query<{ count: number }> =>
  query(`live_tokens_of_${name}`, (q, t) =>
    q
      .select({ count: sql<number>`count(*)`.mapWith(Number) })
      .from(t.accessTokens)
      .where(and(reach(t.accessTokens), inArray(t.accessTokens.status, ['active', 'disabled']))),
  )

const userWrites = bulkWrites('user', ofUser)
const clientWrites = bulkWrites('client', ofClient)
const consentWrites = bulkWrites('consent', ofConsent)

const runAll = (ctx: Clock, writes: readonly Write[], parameters: Parameters): Statement[] =>
  writes.map((each) => run(each, { ...parameters, now: now(ctx) }))

const raiseUserEpoch = write('raise_user_epoch', (q, t) =>
  q
    .update(t.users)
    .set({ tokenEpoch: sql`${t.users.tokenEpoch} + 1` })
    .where(eq(t.users.id, param('userId'))),
)

/** Revokes every token of a user. The commit throws `Conflict('user')` when there is no such user. */
export const revokeTokensOfUser = (ctx: Clock, userId: string): Statement[] => [
  must(raiseUserEpoch, { userId }, 'user'),
  ...runAll(ctx, userWrites, { userId }),
]

const raiseClientEpoch = write('raise_client_epoch', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({ tokenEpoch: sql`${t.oauthApplications.tokenEpoch} + 1` })
    .where(eq(t.oauthApplications.clientId, param('clientId'))),
)

/** Revokes every token of a client, machine tokens included. The commit throws `Conflict('client')` when it is gone. */
export const revokeTokensOfClient = (ctx: Clock, clientId: string): Statement[] => [
  must(raiseClientEpoch, { clientId }, 'client'),
  ...runAll(ctx, clientWrites, { clientId }),
]

const raiseConsentEpoch = write('raise_consent_epoch', (q, t) =>
  q
    .update(t.userAuthorizations)
    .set({ tokenEpoch: sql`${t.userAuthorizations.tokenEpoch} + 1` })
    .where(ofConsent(t.userAuthorizations)),
)

/** Changes nothing; takes the row's lock, for which every issuance to this user waits on PostgreSQL. */
const lockUser = write('lock_user', (q, t) =>
  q
    .update(t.users)
    .set({ tokenEpoch: sql`${t.users.tokenEpoch}` })
    .where(eq(t.users.id, param('userId'))),
)

/** Revokes every token a client has for a user, also those taken over without a link to the consent. */
export const revokeTokensOfConsent = (ctx: Clock, pair: { userId: string; clientId: string }): Statement[] => [
  run(lockUser, pair),
  run(raiseConsentEpoch, pair),
  ...runAll(ctx, consentWrites, pair),
]

const liveTokensOfUser = liveTokens('user', ofUser)
const liveTokensOfClient = liveTokens('client', ofClient)
const liveTokensOfConsent = liveTokens('consent', ofConsent)

/** How many tokens a bulk revocation would hit now, for its audit row. */
export async function countLiveTokens(
  ctx: Pick<Context, 'db'>,
  of: { userId: string; clientId?: string } | { userId?: undefined; clientId: string },
): Promise<number> {
  const definition = !of.userId ? liveTokensOfClient : of.clientId ? liveTokensOfConsent : liveTokensOfUser
  return (await ctx.db.one(definition, of))?.count ?? 0
}
