/** One token: its id, its signed text, and the row that stands for it. */
import type { Context } from '../context'
import type { Statement } from '../db/statements'
import { sha256Hex } from '../secrets'
import { composeClaims, subjectOf, type TokenSubject } from './claims'
import { signJwt } from './jwt'
import { insertToken, type TokenRow } from './records'

export interface MintOptions {
  /** The row's id and the token's `jti`. */
  readonly id: string
  readonly category: 'access' | 'refresh'
  readonly scope: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly origin: TokenOrigin
}

/** Where a token comes from; equal for all tokens of one answer. */
export type TokenOrigin = Pick<
  TokenRow,
  'grantType' | 'parentTokenId' | 'tokenFamilyId' | 'authorizationId' | 'authorizationCodeId' | 'deviceCodeId'
>

export interface MintedToken {
  readonly id: string
  /** The token itself: leaves the server in the answer and is kept nowhere. */
  readonly token: string
  readonly expiresAt: Date
  readonly insert: Statement
}

/** Signs a token and prepares its row, which holds only the token's hash. Nothing is written yet. */
export async function mint(ctx: Context, subject: TokenSubject, options: MintOptions): Promise<MintedToken> {
  const { id, category, scope, issuedAt, expiresAt, origin } = options
  const started = performance.now()
  const typ = category === 'refresh' ? 'rt+jwt' : ctx.settings.JWT_ACCESS_TOKEN_TYP
  const payload = composeClaims(ctx.settings, subject, { type: category, jti: id, scope, issuedAt, expiresAt })
  const token = await signJwt(ctx.keys, typ, payload)
  const seconds = (performance.now() - started) / 1000
  ctx.metrics.observe('oauth_token_generation_duration_seconds', seconds, { provider: 'local' })
  const insert = insertToken({
    id,
    tokenHash: sha256Hex(token),
    tokenType: 'Bearer',
    tokenCategory: category,
    status: 'active',
    userId: subjectOf(subject),
    clientId: subject.client.clientId,
    scopes: scope,
    expiresAt,
    createdAt: issuedAt,
    updatedAt: issuedAt,
    lastUsedAt: null,
    revokedAt: null,
    disabledBy: null,
    imported: false,
    ...origin,
  })
  return { id, token, expiresAt, insert }
}

/** The successful answer of the token endpoint: RFC 6749 §5.1. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
  readonly id_token?: string
}
