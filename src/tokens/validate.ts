/**
 * Whether a presented token is live: signature, issuer, times and type first, then its row, client and user.
 *
 * A forged or expired token never reaches the database, and a database that does not answer is an error
 * (`DatabaseUnavailable`), never "invalid".
 */
import type { Settings } from '../config/settings'
import type { Context } from '../context'
import { sha256Hex } from '../secrets'
import { cachedTokenWithParties } from './cached-token'
import { isMachineSubject } from './claims'
import { type JwtRefusal, type JwtResult, rowIdOf, type VerifiedClaims, verifyJwt } from './jwt'
import type { KeyRing } from './keys'
import type { TokenRow } from './records'
import { importedToken, ownToken, type TokenWithParties } from './token-rows'

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

/** Checks an access token, as resource endpoints do. With `TOKEN_CACHE_ENABLED` perhaps by copies of its rows. */
export async function checkAccessToken(ctx: Context, token: string): Promise<TokenCheck> {
  const check = await checkBy(ctx, token, ctx.caches.token ? readCopies : readRows)
  return check.live && check.token.category !== 'access' ? refuse('category') : check
}

/** Checks a token of either category, as introspection does (RFC 7662 §2.2). Always by the database. */
export const checkToken = (ctx: Context, token: string): Promise<TokenCheck> => checkBy(ctx, token, readRows)

/** Parameters of the queries. */
type TokenKey = { readonly id: string; readonly hash: string }

type Read = (ctx: Context, key: TokenKey) => Promise<TokenWithParties | undefined>

const readRows: Read = async (ctx, key) => (await ctx.db.one(ownToken, key)) ?? (await ctx.db.one(importedToken, key))

const readCopies: Read = async (ctx, key) => (await cachedTokenWithParties(ctx, key)) ?? (await readRows(ctx, key))

async function checkBy(ctx: Context, token: string, read: Read): Promise<TokenCheck> {
  const now = ctx.clock.now()
  const jwt = verifyPresented(ctx.keys, ctx.settings, token, now)
  if (!jwt.valid) return refuse(jwt.reason)
  const row = await read(ctx, { id: rowIdOf(jwt.claims), hash: sha256Hex(token) })
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
