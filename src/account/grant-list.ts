/**
 * The grants of a user, a page at a time: one grant is one family of tokens.
 *
 * All that were not revoked come from an index of just these. What a list is narrowed to has no index of its own, but for
 * what is disabled; it is looked for among the newest grants, and the list says when there are more.
 */
import { and, desc, eq, exists, gt, inArray, isNotNull, isNull, max, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { type Context, now } from '../context'
import { databaseError } from '../db/errors'
import { contains, searchable } from '../db/folded-text'
import { countsOf, MOST_LISTED, type Window } from '../db/found'
import { type Listed, type ListRequest, listFound } from '../edge/list-request'
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

/** Of a person's grants, so many are looked at for what is asked for beyond being there. */
const MOST_LOOKED = 1_000

export type ListedGrants = Listed<OwnGrant> & { readonly cut: boolean }

/** The newest first; equal times are told apart by their id. Throws `DatabaseUnavailable`. */
export async function listGrants(ctx: Reader, userId: string, request: GrantRequest): Promise<ListedGrants> {
  try {
    const found = await findGrants(ctx, userId, request)
    const listed = await listFound(request, found)
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

async function findGrants(ctx: Reader, userId: string, request: GrantRequest) {
  const { looked, rest, limit } = grantsLookedAt(ctx, userId, request)
  const [counts] = await ctx.db.q.select(countsOf(rest)).from(looked)
  return {
    total: counts?.total ?? 0,
    cut: counts?.looked === limit,
    select: async (window: Window) => {
      const ids = await selectGrantIds(ctx, userId, request, window)
      return grantsOfIds(
        ctx,
        ids.map(({ id }) => id),
      )
    },
  }
}

export function selectGrantIds(ctx: Reader, userId: string, request: GrantRequest, { limit, offset }: Window) {
  const { looked, rest } = grantsLookedAt(ctx, userId, request)
  return ctx.db.q
    .select({ id: looked.id })
    .from(looked)
    .where(rest)
    .orderBy(desc(looked.createdAt), desc(looked.id))
    .limit(limit)
    .offset(offset)
}

/** The newest grants of the kind that is asked for, and what else is asked of them. */
function grantsLookedAt(ctx: Reader, userId: string, { search, filters: { status } }: GrantRequest) {
  const { q, t } = ctx.db
  const { tokenFamilies: family, oauthApplications: client } = t
  const text = searchable(search)
  const isWhole = status === undefined && text === ''
  const limit = isWhole ? MOST_LISTED : MOST_LOOKED
  const order = [desc(family.createdAt), desc(family.id)]
  const ofUser = eq(family.userId, userId)
  const live = and(isNull(family.revokedAt), gt(family.expiresAt, now(ctx)))
  const key = { id: family.id, createdAt: family.createdAt }
  if (isWhole) {
    const looked = q
      .select(key)
      .from(family)
      .where(and(ofUser, live))
      .orderBy(...order)
      .limit(limit)
      .as('looked')
    return { looked, rest: undefined, limit }
  }
  const disabled = status === 'disabled' ? inArray(family.id, disabledOf(ctx, userId)) : undefined
  const looked = q
    .select({
      ...{ ...key, revokedAt: family.revokedAt, scopes: family.scopes },
      clientName: sql<string>`coalesce(${client.clientName}, '')`.as('client_name'),
    })
    .from(family)
    .leftJoin(client, eq(client.clientId, family.clientId))
    .where(and(ofUser, status === 'revoked' ? undefined : live, disabled))
    .orderBy(...order)
    .limit(limit)
    .as('looked')
  const rest = and(
    status === 'revoked' ? isNotNull(looked.revokedAt) : undefined,
    status === 'active' ? hasActiveToken(ctx, looked.id) : undefined,
    text === '' ? undefined : contains([looked.scopes, looked.clientName], text),
  )
  return { looked, rest, limit }
}

/** Written as the partial index is, so that the planner recognises it. */
function disabledOf(ctx: Reader, userId: string) {
  const { q, t } = ctx.db
  const { tokenFamilyId, status, expiresAt } = t.accessTokens
  return q
    .selectDistinct({ id: tokenFamilyId })
    .from(t.accessTokens)
    .where(and(sql`${status} = 'disabled'`, eq(t.accessTokens.userId, userId), gt(expiresAt, now(ctx))))
    .limit(MOST_LOOKED)
}

function hasActiveToken(ctx: Reader, familyId: SQLWrapper): SQL {
  const { q, t } = ctx.db
  return exists(
    q
      .select({ one: sql`1` })
      .from(t.accessTokens)
      .where(
        and(
          sql`${t.accessTokens.tokenFamilyId} = ${familyId}`,
          eq(t.accessTokens.status, 'active'),
          gt(t.accessTokens.expiresAt, now(ctx)),
        ),
      ),
  )
}

async function grantsOfIds({ db: { q, t } }: Reader, ids: readonly string[]) {
  const { tokenFamilies: family, oauthApplications: client } = t
  return q
    .select({ family, clientName: client.clientName })
    .from(family)
    .leftJoin(client, eq(client.clientId, family.clientId))
    .where(inArray(family.id, [...ids]))
    .orderBy(desc(family.createdAt), desc(family.id))
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
