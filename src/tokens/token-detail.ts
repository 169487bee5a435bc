/** All there is to know about one token: its grant, what else came of it, and what happened to them. */
import { and, desc, eq, gte, inArray, lte, or } from 'drizzle-orm'
import type { EventType } from '../audit/events'
import type { AuditRow } from '../audit/row'
import type { Context } from '../context'
import { param, query } from '../db/definitions'
import type { FamilyRow, TokenRow } from './records'

export interface TokenDetail {
  readonly token: TokenRow
  /** Tokens of machines, and some that were taken over, have none. */
  readonly family: FamilyRow | undefined
  /** Others of the grant, the newest first. */
  readonly others: readonly TokenRow[]
  /** What was recorded about all of them, the newest first. */
  readonly history: readonly AuditRow[]
}

const MOST_OTHERS = 20
const MOST_EVENTS = 30
/** Within which the record of a revocation and the time in the rows it ended lie. */
const SAME_COMMIT_MS = 1_000

const familyById = query('token_family_by_id', (q, t) =>
  q
    .select()
    .from(t.tokenFamilies)
    .where(eq(t.tokenFamilies.id, param('id'))),
)

const tokensOfFamily = query('newest_tokens_of_family', (q, t) =>
  q
    .select()
    .from(t.accessTokens)
    .where(eq(t.accessTokens.tokenFamilyId, param('id')))
    .orderBy(desc(t.accessTokens.createdAt), desc(t.accessTokens.id))
    .limit(MOST_OTHERS + 1),
)

/** Throws `DatabaseUnavailable`. */
export async function tokenDetail(ctx: Pick<Context, 'db'>, token: TokenRow): Promise<TokenDetail> {
  const id = token.tokenFamilyId
  const [family, tokens] = id
    ? await Promise.all([ctx.db.one(familyById, { id }), ctx.db.all(tokensOfFamily, { id })])
    : [undefined, []]
  const others = tokens.filter((each) => each.id !== token.id).slice(0, MOST_OTHERS)
  return { token, family, others, history: await historyOf(ctx, token, others) }
}

/** Recorded about the user, the application or the permission, they end tokens without naming them. */
const ENDINGS: readonly EventType[] = [
  ...(['TOKEN_REVOKED', 'CLIENT_TOKENS_REVOKED_ALL', 'USER_AUTHORIZATION_REVOKED'] as const),
  ...(['USER_DISABLED', 'USER_PASSWORD_RESET', 'USER_DELETED', 'USER_UPDATED'] as const),
  ...(['CLIENT_UPDATED', 'CLIENT_REJECTED', 'CLIENT_DELETED'] as const),
]

async function historyOf(ctx: Pick<Context, 'db'>, token: TokenRow, others: readonly TokenRow[]): Promise<AuditRow[]> {
  const { q, t } = ctx.db
  const { revokedAt, userId, clientId, authorizationId, tokenFamilyId } = token
  const named = [token.id, ...others.map(({ id }) => id), ...(tokenFamilyId ? [tokenFamilyId] : [])]
  const ended =
    revokedAt &&
    and(
      inArray(t.auditLogs.eventType, [...ENDINGS]),
      gte(t.auditLogs.eventTime, new Date(revokedAt.getTime() - SAME_COMMIT_MS)),
      lte(t.auditLogs.eventTime, new Date(revokedAt.getTime() + SAME_COMMIT_MS)),
      inArray(t.auditLogs.resourceId, [userId, clientId, ...(authorizationId ? [authorizationId] : [])]),
    )
  return await q
    .select()
    .from(t.auditLogs)
    .where(or(inArray(t.auditLogs.resourceId, named), ended ?? undefined))
    .orderBy(desc(t.auditLogs.eventTime), desc(t.auditLogs.id))
    .limit(MOST_EVENTS)
}
