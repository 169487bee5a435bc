/** The first tokens of a grant: what every grant type but the refresh grant ends with. */
import type { Settings } from '../config/settings'
import { type Context, now } from '../context'
import type { Statement } from '../db/statements'
import { auditAccessToken, auditIdToken, auditRefreshToken } from './events'
import type { ExtraClaims } from './extra-claims'
import { mintIdToken, type SignIn, wantsIdToken } from './id-token'
import {
  accessLifetime,
  expiryAfter,
  familyEnd,
  machineLifetime,
  refreshLifetime,
  secondsUntil,
  type TokenProfile,
  tokenProfile,
} from './lifetimes'
import { mint, type TokenResponse } from './mint'
import {
  type GrantType,
  type IssuingClient,
  type IssuingConsent,
  type IssuingUser,
  insertFamily,
  issuanceGuards,
} from './records'

export interface Grant {
  readonly grantType: GrantType
  readonly client: IssuingClient
  /** Absent for machine tokens, which get no refresh token and no family. */
  readonly user?: IssuingUser
  readonly consent?: IssuingConsent
  /** Granted scope: names separated by single blanks. */
  readonly scope: string
  readonly extraClaims?: ExtraClaims
  /** Resources the access token is for, all of them members of `JWT_AUDIENCE`; default all of those. */
  readonly audience?: readonly string[]
  /** Resources the whole grant is limited to, where a first access token is for fewer of them; default `audience`. */
  readonly grantedAudience?: readonly string[]
  readonly authorizationCodeId?: string
  readonly deviceCodeId?: string
  /** How the user signed in. With the scope `openid`, the answer has an ID token about it. */
  readonly signIn?: SignIn
}

export interface PreparedGrant {
  readonly response: TokenResponse
  readonly accessTokenId: string
  readonly accessTokenExpiresAt: Date
  readonly refreshTokenId: string | undefined
  /** Everything issued from this grant, now and by later refreshes; undefined for machine tokens. */
  readonly familyId: string | undefined
  /** Come first in the commit. Conflict labels: `user`, `client`, `consent`. */
  readonly guards: readonly Statement[]
  /** Come after the grant's own claim of its code. */
  readonly writes: readonly Statement[]
}

/**
 * Signs the tokens of a grant and prepares their rows. Nothing is written: the grant commits
 * `[...guards, its own claim, ...writes]` at once, and answers `response` only after that.
 */
export async function prepareGrant(ctx: Context, grant: Grant): Promise<PreparedGrant> {
  const { client, user, scope, grantType } = grant
  const issuedAt = now(ctx)
  const profile = profileOf(ctx, client)
  // The family bears the id of its first refresh token, as in rows taken over from an earlier deployment.
  const familyId = user ? ctx.random.orderedUuid() : undefined
  const refreshable = user !== undefined && issuesRefreshTokens(ctx.settings, scope)
  const subject = { client, user, extra: grant.extraClaims, audience: grant.audience }
  const grantedAudience = grant.grantedAudience ?? grant.audience
  const origin = {
    grantType,
    parentTokenId: null,
    tokenFamilyId: familyId ?? null,
    authorizationId: grant.consent?.uuid ?? null,
    authorizationCodeId: grant.authorizationCodeId ?? null,
    deviceCodeId: grant.deviceCodeId ?? null,
  }

  const lifetime = user ? accessLifetime(ctx.settings, profile, ctx.random.fraction()) : machineLifetime(ctx.settings)
  const [access, refresh] = await Promise.all([
    mint(ctx, subject, {
      id: ctx.random.orderedUuid(),
      category: 'access',
      scope,
      issuedAt,
      expiresAt: expiryAfter(issuedAt, lifetime),
      origin,
    }),
    familyId !== undefined && refreshable
      ? mint(
          ctx,
          { ...subject, audience: grantedAudience },
          {
            id: familyId,
            category: 'refresh',
            scope,
            issuedAt,
            expiresAt: expiryAfter(issuedAt, refreshLifetime(ctx.settings, profile)),
            origin,
          },
        )
      : undefined,
  ])

  const { signIn = {} } = grant
  const idToken =
    user && grant.signIn && wantsIdToken(scope)
      ? await mintIdToken(ctx, { client, user, scope, signIn }, { ...access, issuedAt })
      : undefined

  const writes: Statement[] = []
  if (user && familyId !== undefined)
    writes.push(
      insertFamily({
        id: familyId,
        userId: user.id,
        clientId: client.clientId,
        authorizationId: origin.authorizationId,
        grantType,
        scopes: scope,
        resource: grantedAudience?.join(' ') ?? '',
        ip: ctx.request?.ip ?? '',
        userAgent: ctx.request?.userAgent ?? '',
        sid: signIn.sid ?? '',
        authTime: signIn.authTime ?? null,
        amr: signIn.amr ?? '',
        createdAt: issuedAt,
        expiresAt: refresh ? familyEnd(ctx.settings, issuedAt) : access.expiresAt,
        lastUsedAt: null,
        revokedAt: null,
        reuseCount: 0,
        reuseReportedAt: null,
      }),
    )
  if (idToken !== undefined) writes.push(...auditIdToken(ctx, subject, scope, access.id))
  const issued = { scope, grantType, accessId: access.id }
  writes.push(access.insert, ...auditAccessToken(ctx, subject, { ...issued, refreshId: refresh?.id }))
  if (refresh) writes.push(refresh.insert, ...auditRefreshToken(ctx, subject, { ...issued, refreshId: refresh.id }))

  return {
    response: {
      access_token: access.token,
      token_type: 'Bearer',
      expires_in: secondsUntil(access.expiresAt, now(ctx)),
      scope,
      ...(refresh && { refresh_token: refresh.token }),
      ...(idToken !== undefined && { id_token: idToken }),
    },
    accessTokenId: access.id,
    accessTokenExpiresAt: access.expiresAt,
    refreshTokenId: refresh?.id,
    familyId,
    guards: issuanceGuards(grant),
    writes,
  }
}

/** The client's profile; a stored value that names none counts as `standard`. */
export function profileOf(ctx: Pick<Context, 'log'>, client: IssuingClient): TokenProfile {
  const profile = tokenProfile(client.tokenProfile)
  if (profile) return profile
  const stored = JSON.stringify(client.tokenProfile)
  ctx.log.warn(
    { clientId: client.clientId },
    `[Token] client ${client.clientId} has unknown token_profile=${stored}; falling back to standard`,
  )
  return 'standard'
}

const issuesRefreshTokens = (
  settings: Pick<Settings, 'ENABLE_REFRESH_TOKENS' | 'REFRESH_REQUIRES_OFFLINE_ACCESS'>,
  scope: string,
): boolean =>
  settings.ENABLE_REFRESH_TOKENS &&
  (!settings.REFRESH_REQUIRES_OFFLINE_ACCESS || scope.split(' ').includes('offline_access'))
