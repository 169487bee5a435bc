/**
 * Reuse of a refresh token that was rotated out or disabled: somebody holds a copy. Which of the two holders is honest
 * cannot be known, so the whole family ends (RFC 9700 §4.14.2).
 */
import { and, eq, inArray, isNull, lte, or, sql } from 'drizzle-orm'
import type { Settings } from '../config/settings'
import { type Context, now } from '../context'
import { Conflict, commit } from '../db/commit'
import { param, query, write } from '../db/definitions'
import { must, run, type Statement } from '../db/statements'
import { auditReuse } from './events'
import { type FamilyRow, insertMissingFamily, type TokenRow } from './records'
import { revokeFamily } from './revoke'

/** One report per family and this time, with a count, however often the copy is tried. */
const REPORT_INTERVAL_MS = 60_000

const reportReuse = write('report_refresh_reuse', (q, t) =>
  q
    .update(t.tokenFamilies)
    .set({ reuseCount: 0, reuseReportedAt: param('now') })
    .where(
      and(
        eq(t.tokenFamilies.id, param('id')),
        or(isNull(t.tokenFamilies.reuseReportedAt), lte(t.tokenFamilies.reuseReportedAt, param('reportedBefore'))),
      ),
    ),
)

const countReuse = write('count_refresh_reuse', (q, t) =>
  q
    .update(t.tokenFamilies)
    .set({ reuseCount: sql`${t.tokenFamilies.reuseCount} + 1` })
    .where(eq(t.tokenFamilies.id, param('id'))),
)

const liveTokensOfFamily = query('live_tokens_of_family', (q, t) =>
  q
    .select({ count: sql<number>`count(*)`.mapWith(Number) })
    .from(t.accessTokens)
    .where(and(eq(t.accessTokens.tokenFamilyId, param('id')), inArray(t.accessTokens.status, ['active', 'disabled']))),
)

/** Ends the family and reports it. Resolves, after that is durable, to the number of tokens that died. */
export async function burnFamily(
  ctx: Context,
  { token, user }: { readonly token: TokenRow; readonly user: { readonly username: string } | null },
  { family, adoption }: KnownFamily,
): Promise<number> {
  const { id } = family
  const live = (await ctx.db.one(liveTokensOfFamily, { id }))?.count ?? 0
  const report = { familyId: id, tokensRevoked: live, presentations: family.reuseCount + 1 }
  const reportedBefore = new Date(ctx.clock.now() - REPORT_INTERVAL_MS)
  const end = revokeFamily(ctx, id)
  try {
    const changes = await commit(ctx, [
      ...adoption,
      must(reportReuse, { id, now: now(ctx), reportedBefore }, 'reported'),
      ...end,
      ...auditReuse(ctx, token, user?.username, report),
    ])
    return changes[adoption.length + end.length] ?? 0
  } catch (error) {
    if (!(error instanceof Conflict && error.label === 'reported')) throw error
    const changes = await commit(ctx, [...adoption, run(countReuse, { id }), ...end])
    return changes.at(-1) ?? 0
  }
}

const linkToFamily = write('link_tokens_to_family', (q, t) =>
  q
    .update(t.accessTokens)
    .set({ tokenFamilyId: param('id') })
    .where(
      and(
        eq(t.accessTokens.userId, param('userId')),
        isNull(t.accessTokens.tokenFamilyId),
        or(eq(t.accessTokens.id, param('id')), eq(t.accessTokens.parentTokenId, param('id'))),
      ),
    ),
)

/** A family, with the statements that create it if it is not there yet. */
export interface KnownFamily {
  readonly family: FamilyRow
  readonly adoption: readonly Statement[]
}

/** The family of a token; one taken over from an earlier deployment without a family gets it, with all its relatives. */
export function familyOf(
  ctx: { readonly settings: Pick<Settings, 'REFRESH_TOKEN_EXPIRATION_MAX'> },
  token: TokenRow,
  family: FamilyRow | null,
): KnownFamily {
  if (family) return { family, adoption: [] }
  const id = token.tokenFamilyId || token.parentTokenId || token.id
  const end = token.createdAt.getTime() + ctx.settings.REFRESH_TOKEN_EXPIRATION_MAX
  const adopted: FamilyRow = {
    id,
    userId: token.userId,
    clientId: token.clientId,
    authorizationId: token.authorizationId,
    grantType: token.grantType,
    scopes: token.scopes,
    resource: '',
    ip: '',
    userAgent: '',
    sid: '',
    authTime: null,
    amr: '',
    createdAt: token.createdAt,
    expiresAt: new Date(Math.max(end, token.expiresAt.getTime())),
    lastUsedAt: null,
    revokedAt: null,
    reuseCount: 0,
    reuseReportedAt: null,
  }
  const link = token.tokenFamilyId ? [] : [run(linkToFamily, { id, userId: token.userId })]
  return { family: adopted, adoption: [insertMissingFamily(adopted), ...link] }
}
