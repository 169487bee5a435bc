/**
 * The refresh of tokens (RFC 6749 §6), without HTTP.
 *
 * Fixed mode issues another access token and repeats the refresh token. Rotation mode replaces the refresh token in the
 * same commit: of any number of parallel refreshes exactly one wins the claim, and what it left behind decides about
 * the others.
 */
import { and, eq } from 'drizzle-orm'
import { type Context, now } from '../context'
import { Conflict, commit } from '../db/commit'
import { param, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import { type NarrowedAudience, narrowAudience } from './audience'
import { auditIdToken, auditRefresh } from './events'
import type { ExtraClaims } from './extra-claims'
import { mintIdToken, wantsIdToken } from './id-token'
import { profileOf } from './issue'
import { accessLifetime, expiryAfter, refreshLifetime, secondsUntil } from './lifetimes'
import { mint, type TokenResponse } from './mint'
import { issuanceGuards, touchFamily } from './records'
import { endGrace, keepAnswer, keptAnswer } from './refresh-grace'
import { findPresented, type Presented, requireLive, requireProof, rotates } from './refresh-presented'
import { RefreshRefused } from './refresh-refused'
import { burnFamily, familyOf } from './refresh-reuse'

export interface RefreshRequest {
  /** The client that authenticated, or identified itself if it is public. */
  readonly clientId: string
  readonly refreshToken: string
  /** Requested scope, single blanks between names; empty or absent asks for the whole grant. */
  readonly scope?: string
  readonly extraClaims?: ExtraClaims
  /** Requested resources, all of them members of `JWT_AUDIENCE`; absent asks for all of the grant. */
  readonly audience?: readonly string[]
}

export interface Refreshed {
  readonly response: TokenResponse
  /** `repeated`: the answer to an earlier redemption of the same token, given again; nothing was minted. */
  readonly outcome: 'fixed' | 'rotated' | 'repeated'
  readonly userId: string
}

/** Losing twice means that somebody keeps changing the user, client or consent; the request may be repeated. */
const ATTEMPTS = 3

/** Resolves after the new tokens are durable. Throws `RefreshRefused`, or `DatabaseUnavailable`. */
export async function refreshTokens(ctx: Context, request: RefreshRequest): Promise<Refreshed> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptRefresh(ctx, request)
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      if (attempt === ATTEMPTS) throw new RefreshRefused('contention')
    }
  }
}

async function attemptRefresh(ctx: Context, request: RefreshRequest): Promise<Refreshed> {
  const found = await findPresented(ctx, request.refreshToken)
  if (found.token.status !== 'active') return await answerSpent(ctx, request, found)
  if (found.token.clientId !== request.clientId) throw new RefreshRefused('foreign client', found.token)
  const live = requireLive(ctx, found)
  requireProof(ctx, request.refreshToken, found.token)
  const scope = narrow(found, live.client.scopes, request.scope)
  const audience = narrowAudience(ctx.settings.JWT_AUDIENCE, found.family?.resource ?? '', request.audience)
  if (!audience) throw new RefreshRefused('resource', found.token)
  return await redeem(ctx, request, found, live, { scope, ...audience })
}

/**
 * A refresh token that is no longer active. In rotation mode that is evidence, whoever presents it: it comes before all
 * other checks. The honest retry of a moment ago gets its answer again.
 */
async function answerSpent(ctx: Context, request: RefreshRequest, found: Presented): Promise<Refreshed> {
  const { token, family } = found
  if (!rotates(ctx.settings, found)) throw new RefreshRefused('revoked', token)
  if (token.status === 'revoked' && token.clientId === request.clientId) {
    const response = await keptAnswer(ctx, { id: token.id, token: request.refreshToken })
    if (response) {
      requireLive(ctx, found)
      return { response, outcome: 'repeated', userId: token.userId }
    }
  }
  // Ended on purpose, by the user, the client or an administrator: a late refresh is no sign of theft.
  if (family?.revokedAt && !family.reuseReportedAt) throw new RefreshRefused('revoked', token)
  const tokensRevoked = await burnFamily(ctx, found, familyOf(ctx, token, family))
  throw new RefreshRefused('reused', token, tokensRevoked)
}

/**
 * The scope of the new access token: what was asked for within the original grant, cut to what the client may still
 * have. A refresh never widens (RFC 6749 §6).
 */
function narrow({ token }: Presented, allowed: string, requested = ''): string {
  const granted = names(token.scopes)
  const wanted = requested === '' ? granted : names(requested)
  if (!wanted.every((name) => granted.includes(name))) throw new RefreshRefused('scope', token)
  const permitted = names(allowed)
  const result = wanted.filter((name) => permitted.includes(name))
  if (result.length === 0 && wanted.length > 0) throw new RefreshRefused('scope withdrawn', token)
  return result.join(' ')
}

const names = (scope: string): string[] => scope.split(' ').filter((name) => name !== '')

const rotateOut = write('rotate_refresh_token_out', (q, t) =>
  q
    .update(t.accessTokens)
    .set({ status: 'revoked', revokedAt: param('now'), updatedAt: param('now') })
    .where(and(eq(t.accessTokens.id, param('id')), eq(t.accessTokens.status, 'active'))),
)

const noteUse = write('note_refresh_token_use', (q, t) =>
  q
    .update(t.accessTokens)
    .set({ lastUsedAt: param('now') })
    .where(and(eq(t.accessTokens.id, param('id')), eq(t.accessTokens.status, 'active'))),
)

/** Throws `Conflict` when another request was first or user, client, consent or family changed meanwhile. */
async function redeem(
  ctx: Context,
  request: RefreshRequest,
  found: Presented,
  { client, user, consent }: ReturnType<typeof requireLive>,
  { scope, wanted, granted }: NarrowedAudience & { readonly scope: string },
): Promise<Refreshed> {
  const { token: presented } = found
  const { family, adoption } = familyOf(ctx, presented, found.family)
  const rotation = rotates(ctx.settings, found)
  const issuedAt = now(ctx)
  const profile = profileOf(ctx, client)
  const subject = { client, user, extra: request.extraClaims, audience: wanted }
  const origin = {
    grantType: presented.grantType,
    parentTokenId: presented.id,
    tokenFamilyId: family.id,
    authorizationId: presented.authorizationId,
    authorizationCodeId: presented.authorizationCodeId,
    deviceCodeId: presented.deviceCodeId,
  }
  const lifetime = accessLifetime(ctx.settings, profile, ctx.random.fraction())
  const renewed = expiryAfter(issuedAt, refreshLifetime(ctx.settings, profile))
  const [access, successor] = await Promise.all([
    mint(ctx, subject, {
      id: ctx.random.orderedUuid(),
      category: 'access',
      scope,
      issuedAt,
      expiresAt: expiryAfter(issuedAt, lifetime),
      origin,
    }),
    rotation
      ? mint(
          ctx,
          { ...subject, audience: granted },
          {
            id: ctx.random.orderedUuid(),
            category: 'refresh',
            // The grant itself is not narrowed: the next refresh may ask for all of it again.
            scope: presented.scopes,
            issuedAt,
            expiresAt: new Date(Math.min(family.expiresAt.getTime(), renewed.getTime())),
            origin,
          },
        )
      : undefined,
  ])
  // Only a browser's grant says how the user signed in (OpenID Connect Core §12.2).
  const idToken =
    presented.grantType === 'authorization_code' && wantsIdToken(scope)
      ? await mintIdToken(
          ctx,
          { client, user, scope, signIn: { authTime: family.authTime ?? undefined, amr: family.amr, sid: family.sid } },
          { ...access, issuedAt },
        )
      : undefined
  const response: TokenResponse = {
    access_token: access.token,
    token_type: 'Bearer',
    expires_in: secondsUntil(access.expiresAt, now(ctx)),
    scope,
    refresh_token: successor?.token ?? request.refreshToken,
    ...(idToken !== undefined && { id_token: idToken }),
  }

  const statements: Statement[] = [
    ...issuanceGuards({ client, user, consent, grantType: presented.grantType }),
    ...adoption,
    touchFamily(family.id, issuedAt),
    must(rotation ? rotateOut : noteUse, { id: presented.id, now: issuedAt }, 'token'),
    access.insert,
  ]
  if (successor) {
    statements.push(successor.insert)
    if (ctx.settings.REFRESH_REUSE_GRACE > 0)
      statements.push(keepAnswer(ctx, { id: presented.id, token: request.refreshToken }, successor.id, response))
  }
  if (presented.parentTokenId) statements.push(endGrace(presented.id))
  if (idToken !== undefined) statements.push(...auditIdToken(ctx, subject, scope, access.id))
  statements.push(
    ...auditRefresh(ctx, subject, scope, { accessId: access.id, oldId: presented.id, newId: successor?.id }),
  )
  await commit(ctx, statements)
  return { response, outcome: rotation ? 'rotated' : 'fixed', userId: presented.userId }
}
