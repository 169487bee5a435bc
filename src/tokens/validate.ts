/**
 * Whether a presented token is live: signature, issuer, times and type first, then its row, client and user.
 *
 * A forged or expired token never reaches the database, and a database that does not answer is an error
 * (`DatabaseUnavailable`), never "invalid".
 */
import { and, eq, type GetColumnData, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { param, type QueryBuilder, query } from '../db/definitions'
import type { Tables } from '../db/tables'
import { sha256Hex } from '../secrets'
import { isMachineSubject } from './claims'
import { type JwtRefusal, type JwtResult, rowIdOf, type VerifiedClaims, verifyJwt } from './jwt'
import type { KeyRing } from './keys'
import type { TokenRow } from './records'

export interface LiveToken {
  /** Row id. Equal to `jti`, except in tokens taken over from an earlier deployment. */
  readonly id: string
  readonly category: 'access' | 'refresh'
  /** A user id, or `client:<client_id>`. */
  readonly subject: string
  readonly clientId: string
  /** Space separated. */
  readonly scope: string
  readonly expiresAt: Date
  readonly createdAt: Date
  /** Undefined for machine tokens. */
  readonly username: string | undefined
  readonly familyId: string | null
  readonly claims: VerifiedClaims
}

export type TokenRefusal =
  | JwtRefusal
  | 'unknown'
  | 'disagrees'
  | 'category'
  | 'disabled'
  | 'revoked'
  | 'client inactive'
  | 'user inactive'

export type TokenCheck =
  | { readonly live: true; readonly token: LiveToken }
  | { readonly live: false; readonly reason: TokenRefusal }

/** A column of the one row that belongs to a token, or null when there is none. */
const partyOf = <C extends PgColumn>(q: QueryBuilder, column: C, belongs: SQL) =>
  sql<GetColumnData<C> | null>`(${q.select({ value: column }).from(column.table).where(belongs)})`.mapWith(column)

const selectWithParties = (q: QueryBuilder, t: Tables) =>
  q
    .select({
      id: t.accessTokens.id,
      tokenCategory: t.accessTokens.tokenCategory,
      status: t.accessTokens.status,
      userId: t.accessTokens.userId,
      clientId: t.accessTokens.clientId,
      scopes: t.accessTokens.scopes,
      expiresAt: t.accessTokens.expiresAt,
      createdAt: t.accessTokens.createdAt,
      tokenFamilyId: t.accessTokens.tokenFamilyId,
      imported: t.accessTokens.imported,
      // Selections of one value each: SQLite answers them several times faster than a join of the three tables.
      clientStatus: partyOf(q, t.oauthApplications.status, eq(t.oauthApplications.clientId, t.accessTokens.clientId)),
      username: partyOf(q, t.users.username, eq(t.users.id, t.accessTokens.userId)),
      userIsActive: partyOf(q, t.users.isActive, eq(t.users.id, t.accessTokens.userId)),
    })
    .from(t.accessTokens)

/** Keys of a row: of a token of this server's own, and of one taken over, whose `jti` is not the row's id. */
export const tokenKey = {
  own: (t: Tables) => and(eq(t.accessTokens.id, param('id')), eq(t.accessTokens.tokenHash, param('hash'))),
  imported: (t: Tables) => and(eq(t.accessTokens.tokenHash, param('hash')), sql`${t.accessTokens.imported}`),
}

const ownToken = query('token_with_parties', (q, t) => selectWithParties(q, t).where(tokenKey.own(t)))
const importedToken = query('imported_token_with_parties', (q, t) =>
  selectWithParties(q, t).where(tokenKey.imported(t)),
)

/** Checks an access token, as resource endpoints do. */
export async function checkAccessToken(ctx: Context, token: string): Promise<TokenCheck> {
  const check = await checkToken(ctx, token)
  return check.live && check.token.category !== 'access' ? refuse('category') : check
}

/** Checks a token of either category, as introspection does (RFC 7662 §2.2). */
export async function checkToken(ctx: Context, token: string): Promise<TokenCheck> {
  const now = ctx.clock.now()
  const jwt = verifyPresented(ctx.keys, ctx.settings, token, now)
  if (!jwt.valid) return refuse(jwt.reason)
  const key = { id: rowIdOf(jwt.claims), hash: sha256Hex(token) }
  const row = (await ctx.db.one(ownToken, key)) ?? (await ctx.db.one(importedToken, key))
  if (!row) return refuse('unknown')
  if (!agrees(jwt, row, ctx.settings)) return refuse('disagrees')
  if (row.status !== 'active') return refuse(row.status)
  if (row.expiresAt.getTime() <= now) return refuse('expired')
  if (row.clientStatus !== 'active') return refuse('client inactive')
  const machine = isMachineSubject(row.userId)
  if (!machine && row.userIsActive !== true) return refuse('user inactive')
  return {
    live: true,
    token: {
      id: row.id,
      category: row.tokenCategory,
      subject: row.userId,
      clientId: row.clientId,
      scope: row.scopes,
      expiresAt: row.expiresAt,
      createdAt: row.createdAt,
      username: machine ? undefined : (row.username ?? undefined),
      familyId: row.tokenFamilyId,
      claims: jwt.claims,
    },
  }
}

const refuse = (reason: TokenRefusal): TokenCheck => ({ live: false, reason })

type PresentedSettings = Pick<Settings, 'issuer'>

/** Verifies everything a token proves by itself. Which `typ` and `iss` its kind must have, `agrees` decides. */
export const verifyPresented = (ring: KeyRing, { issuer }: PresentedSettings, token: string, now: number): JwtResult =>
  verifyJwt(ring, token, { typ: ['JWT', 'at+jwt', 'rt+jwt'], issuer, issuerMayEndInSlash: true, now })

/**
 * Whether a token says what its row says. Tokens taken over from an earlier deployment keep that one's rules: `typ` is
 * `JWT` for every kind, `jti` is not the row's id, and the issuer may end in a slash.
 */
export function agrees(
  { typ, claims }: Extract<JwtResult, { valid: true }>,
  row: Pick<TokenRow, 'id' | 'tokenCategory' | 'userId' | 'clientId' | 'imported'>,
  { issuer }: PresentedSettings,
): boolean {
  if (claims.type !== row.tokenCategory || claims.sub !== row.userId || claims.client_id !== row.clientId) return false
  const isRefreshTyp = typ.toLowerCase().endsWith('rt+jwt')
  if (row.imported) return !isRefreshTyp
  return claims.jti === row.id && claims.iss === issuer && isRefreshTyp === (row.tokenCategory === 'refresh')
}
