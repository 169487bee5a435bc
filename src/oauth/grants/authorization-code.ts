/** `grant_type=authorization_code`: an application redeems what the browser brought it (RFC 6749 §4.1.3, RFC 7636 §4.5). */
import { audit } from '../../audit/audit'
import type { Client } from '../../clients/clients'
import { type Consent, findConsent, findConsentById } from '../../consent/consents'
import type { RequestContext } from '../../context'
import { commit } from '../../db/commit'
import { OAuthError } from '../../edge/oauth-error'
import { findUser, type User } from '../../identity/users'
import { narrowAudience } from '../../tokens/audience'
import { prepareGrant } from '../../tokens/issue'
import {
  type AuthorizationCode,
  countCodeFailure,
  findAuthorizationCode,
  stateOf,
  useAuthorizationCode,
} from '../authorization-codes'
import { authenticateClient } from '../client-authentication'
import { revokeGrantOfCode } from '../code-reuse'
import { verifyCodeVerifier } from '../pkce'
import { Refusal } from '../refusal'
import { type RequestedClaims, requestedClaims } from '../requested-claims'
import { retryOnConflict } from '../retry'
import { formatScope, scopeNames, withinScope } from '../scope'
import { countIssued, type Grant, type TokenRequest, type TokenResponse } from './grant'

export const authorizationCode: Grant = {
  grantType: 'authorization_code',
  refusalEvent: 'AUTHORIZATION_CODE_EXCHANGED',
  // Another redemption, or a change of user, client or consent, may come between the look and the commit: look again.
  handle: (ctx, request) => retryOnConflict(() => exchange(ctx, request)),
}

/** Throws `Conflict` when what was read has changed meanwhile. */
async function exchange(ctx: RequestContext, { form, credentials }: TokenRequest): Promise<TokenResponse> {
  const { code: presented, redirect_uri: redirectUri, code_verifier: verifier } = form
  if (presented === undefined || redirectUri === undefined || credentials.clientId === undefined)
    throw new OAuthError('invalid_request', 'code, redirect_uri, and client_id are required')

  const authenticated = await authenticateClient(ctx, credentials)
  const { client } = authenticated
  const claims = requestedClaims(ctx, form, authenticated)

  const code = await findAuthorizationCode(ctx, presented)
  // A foreign code is answered like one that does not exist, and is not touched: its client can still use it.
  if (!code) throw refuse(client, 'unknown code')
  if (code.clientId !== client.clientId) throw refuse(client, 'foreign client')
  await requireFresh(ctx, client, code)
  await requireSameRequester(ctx, client, code, { redirectUri, verifier })
  return await redeem(ctx, client, code, claims)
}

function refuse(
  { clientId }: Client,
  reason: string,
  code?: AuthorizationCode,
  description = 'Authorization code is invalid or expired',
): Refusal {
  return new Refusal({ error: 'invalid_grant', description }, { reason, clientId, userId: code?.userId })
}

async function requireFresh(ctx: RequestContext, client: Client, code: AuthorizationCode): Promise<void> {
  switch (stateOf(ctx, code)) {
    case 'used':
      await endReusedGrant(ctx, code)
      throw refuse(client, 'code used before', code, 'Authorization code has already been used')
    case 'burnt':
      throw refuse(client, 'code burnt', code)
    case 'expired':
      throw refuse(client, 'code expired', code, 'Authorization code has expired')
    case 'fresh':
      return
  }
}

async function endReusedGrant(ctx: RequestContext, code: AuthorizationCode): Promise<void> {
  const { tokenFamilyId: familyId, clientId, userId, uuid } = code
  if (familyId === null) return
  await revokeGrantOfCode(ctx, {
    familyId,
    clientId,
    userId,
    resource: { type: 'AUTHORIZATION', id: uuid },
    action: 'Authorization code reuse detected — token family revoked',
  })
}

/**
 * Whoever redeems is whoever asked: the redirect URI is the one the code was sent to, and the verifier fits. A code
 * that somebody keeps trying burns.
 */
async function requireSameRequester(
  ctx: RequestContext,
  client: Client,
  code: AuthorizationCode,
  presented: { readonly redirectUri: string; readonly verifier: string | undefined },
): Promise<void> {
  const failed = async (reason: string, description: string) => {
    await commit(ctx, [countCodeFailure(code)])
    return refuse(client, reason, code, description)
  }
  if (presented.redirectUri !== code.redirectUri) throw await failed('redirect URI', 'Redirect URI does not match')
  if (code.codeChallenge !== '') {
    if (verifyCodeVerifier(presented.verifier ?? '', code.codeChallenge)) return
    throw await failed('verifier', 'PKCE code_verifier validation failed')
  }
  // A verifier without a challenge: somebody cut the challenge out of the request (RFC 9700 §4.8.2).
  if (presented.verifier !== undefined)
    throw await failed('verifier without challenge', 'PKCE code_verifier validation failed')
  if (client.clientType === 'public')
    throw refuse(client, 'no challenge', code, 'PKCE code_verifier is required for public clients')
  if (ctx.settings.PKCE_REQUIRED) throw refuse(client, 'no challenge', code, 'PKCE code_verifier is required')
}

async function redeem(
  ctx: RequestContext,
  client: Client,
  code: AuthorizationCode,
  claims: RequestedClaims,
): Promise<TokenResponse> {
  const { user, consent } = await requireGrantors(ctx, client, code)
  const scope = permittedScope(client, code, consent)
  const audience = narrowAudience(ctx.settings.JWT_AUDIENCE, code.resource, claims.audience)
  if (!audience)
    throw new Refusal(
      { error: 'invalid_target', description: 'Requested resource exceeds original grant' },
      { reason: 'resource', clientId: client.clientId, userId: user.id },
    )

  const prepared = await prepareGrant(ctx, {
    grantType: 'authorization_code',
    client,
    user,
    consent,
    scope,
    extraClaims: claims.extraClaims,
    audience: audience.wanted,
    grantedAudience: audience.granted,
    authorizationCodeId: code.uuid,
    signIn: { authTime: code.authTime ?? undefined, amr: code.amr, sid: code.sid, nonce: code.nonce },
  })
  await commit(ctx, [
    ...prepared.guards,
    useAuthorizationCode(ctx, { uuid: code.uuid, familyId: prepared.familyId }),
    ...auditExchange(ctx, user, code, scope),
    ...prepared.writes,
  ])
  countIssued(ctx, 'authorization_code', { access: 1, refresh: prepared.refreshTokenId === undefined ? 0 : 1 })
  return prepared.response
}

/** Client, user and consent still stand behind what was allowed minutes ago. */
async function requireGrantors(
  ctx: RequestContext,
  client: Client,
  code: AuthorizationCode,
): Promise<{ user: User; consent: Consent }> {
  const { userId, authorizationId, clientId } = code
  const [user, consent] = await Promise.all([
    findUser(ctx, userId),
    authorizationId === null ? findConsent(ctx, { userId, clientId }) : findConsentById(ctx, authorizationId),
  ])
  if (user?.isActive !== true) throw refuse(client, 'user inactive', code)
  if (consent?.isActive !== true) throw refuse(client, 'consent withdrawn', code)
  if (!client.enableAuthCodeFlow)
    throw new Refusal(
      { error: 'unauthorized_client', description: 'Authorization code flow is not enabled for this client' },
      { reason: 'flow off', clientId, userId },
    )
  return { user, consent }
}

/** What the code was made for, if the user still allows all of it, cut to what the client may still have. */
function permittedScope(client: Client, code: AuthorizationCode, consent: Consent): string {
  const names = scopeNames(code.scopes)
  if (withinScope(names, consent.scopes).length < names.length) throw refuse(client, 'consent withdrawn', code)
  const permitted = withinScope(names, client.scopes)
  if (permitted.length === 0 && names.length > 0) throw refuse(client, 'scope withdrawn', code)
  return formatScope(permitted)
}

const auditExchange = (ctx: RequestContext, user: User, code: AuthorizationCode, scope: string) =>
  audit(ctx, {
    event: 'AUTHORIZATION_CODE_EXCHANGED',
    action: 'Authorization code exchanged for token',
    actor: { id: user.id, username: user.username },
    resource: { type: 'AUTHORIZATION', id: code.uuid },
    clientId: code.clientId,
    details: { client_id: code.clientId, scopes: scope },
  })
