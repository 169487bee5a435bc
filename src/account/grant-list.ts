/** The grants of a user, a page at a time: one grant is one family of tokens. */
import { and, count, desc, eq, exists, gt, inArray, isNotNull, isNull, max, or, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { type Context, now } from '../context'
import { databaseError } from '../db/errors'
import { type Listed, type ListRequest, listPage } from '../edge/list-request'
import type { FamilyRow } from '../tokens/records'

export type GrantState = 'active' | 'disabled' | 'disabled_by_admin' | 'expired' | 'revoked'

export interface OwnGrant {
  readonly family: FamilyRow
  /** Undefined when the application was deleted. */
  readonly clientName: string | undefined
  readonly state: GrantState
  /** When the last of its tokens ends; undefined when none is left. */
  readonly expiresAt: Date | undefined
}

/** Without one of these, everything that was not revoked. */
export const GRANT_FILTERS = { status: ['active', 'disabled', 'revoked'] } as const

type Reader = Pick<Context, 'db' | 'clock'>
type GrantRequest = Pick<ListRequest, 'page' | 'pageSize' | 'search' | 'filters'>

/** The newest first; equal times are told apart by their id. Throws `DatabaseUnavailable`. */
export async function listGrants(ctx: Reader, userId: string, request: GrantRequest): Promise<Listed<OwnGrant>> {
  try {
    const listed = await listPage(
      request,
      () => countGrants(ctx, userId, request),
      (window) => selectGrants(ctx, userId, request, window),
    )
    const tokens = await tokensOf(
      ctx,
      listed.rows.map(({ family }) => family.id),
    )
    return {
      ...listed,
      rows: listed.rows.map(({ family, clientName }) => {
        const own = tokens.filter(({ familyId }) => familyId === family.id)
        const ends = own.map(({ expiresAt }) => expiresAt?.getTime() ?? 0)
        return {
          family,
          clientName: clientName ?? undefined,
          state: family.revokedAt ? 'revoked' : stateOf(own),
          expiresAt: ends.length === 0 ? undefined : new Date(Math.max(...ends)),
        }
      }),
    }
  } catch (error) {
    throw databaseError(error, 'grants_of_user')
  }
}

/** Case does not matter, and the signs with a meaning in patterns stand for themselves. */
const contains = (column: PgColumn, text: string): SQL =>
  sql`lower(${column}) like ${`%${text.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`} escape '\\'`

function matching(ctx: Reader, userId: string, { search, filters }: GrantRequest): SQL | undefined {
  const { tokenFamilies: family, oauthApplications: client } = ctx.db.t
  const live = and(isNull(family.revokedAt), gt(family.expiresAt, now(ctx)))
  return and(
    eq(family.userId, userId),
    filters.status === 'revoked' ? isNotNull(family.revokedAt) : live,
    filters.status === 'active' || filters.status === 'disabled' ? hasToken(ctx, filters.status) : undefined,
    search === '' ? undefined : or(contains(family.scopes, search), contains(client.clientName, search)),
  )
}

function hasToken(ctx: Reader, status: 'active' | 'disabled'): SQL {
  const { q, t } = ctx.db
  return exists(
    q
      .select({ one: sql`1` })
      .from(t.accessTokens)
      .where(
        and(
          eq(t.accessTokens.tokenFamilyId, t.tokenFamilies.id),
          eq(t.accessTokens.status, status),
          gt(t.accessTokens.expiresAt, now(ctx)),
        ),
      ),
  )
}

async function countGrants(ctx: Reader, userId: string, request: GrantRequest): Promise<number> {
  const { q, t } = ctx.db
  const [row] = await q
    .select({ count: count() })
    .from(t.tokenFamilies)
    .leftJoin(t.oauthApplications, eq(t.oauthApplications.clientId, t.tokenFamilies.clientId))
    .where(matching(ctx, userId, request))
  return row?.count ?? 0
}

export const selectGrants = (
  ctx: Reader,
  userId: string,
  request: GrantRequest,
  { limit, offset }: { readonly limit: number; readonly offset: number },
) => {
  const { q, t } = ctx.db
  return q
    .select({ family: t.tokenFamilies, clientName: t.oauthApplications.clientName })
    .from(t.tokenFamilies)
    .leftJoin(t.oauthApplications, eq(t.oauthApplications.clientId, t.tokenFamilies.clientId))
    .where(matching(ctx, userId, request))
    .orderBy(desc(t.tokenFamilies.createdAt), desc(t.tokenFamilies.id))
    .limit(limit)
    .offset(offset)
}

/** Of every grant by status: which there are, and when the last of them ends. */
async function tokensOf(ctx: Reader, familyIds: readonly string[]) {
  if (familyIds.length === 0) return []
  const { q, t } = ctx.db
  const { tokenFamilyId, status, disabledBy, expiresAt } = t.accessTokens
  return q
    .select({ familyId: tokenFamilyId, status, disabledBy, expiresAt: max(expiresAt) })
    .from(t.accessTokens)
    .where(
      and(inArray(tokenFamilyId, [...familyIds]), inArray(status, ['active', 'disabled']), gt(expiresAt, now(ctx))),
    )
    .groupBy(tokenFamilyId, status, disabledBy)
}

function stateOf(tokens: readonly { readonly status: string; readonly disabledBy: string | null }[]): GrantState {
  if (tokens.length === 0) return 'expired'
  if (tokens.some(({ status }) => status === 'active')) return 'active'
  return tokens.some(({ disabledBy }) => disabledBy === 'owner') ? 'disabled' : 'disabled_by_admin'
}
