/** `grant_type=urn:ietf:params:oauth:grant-type:device_code`: the polling of a device (RFC 8628 §3.4, §3.5). */
import type { Client } from '../../clients/clients'
import { findConsentById } from '../../consent/consents'
import type { RequestContext } from '../../context'
import { commit } from '../../db/commit'
import { OAuthError } from '../../edge/oauth-error'
import { findUser } from '../../identity/users'
import { prepareGrant } from '../../tokens/issue'
import { authenticateClient } from '../client-authentication'
import { claimDeviceCode, findDeviceCode, type PolledCode, removeDeniedCode, slowDown, stateOf } from '../device/codes'
import { revokeReusedCode } from '../device/reuse'
import { Refusal } from '../refusal'
import { type RequestedClaims, requestedClaims } from '../requested-claims'
import { retryOnConflict } from '../retry'
import { formatScope, scopeNames, withinScope } from '../scope'
import { countIssued, type Grant, type TokenRequest, type TokenResponse } from './grant'

export const deviceCode: Grant = {
  grantType: 'urn:ietf:params:oauth:grant-type:device_code',
  refusalEvent: 'ACCESS_TOKEN_ISSUED',
  // Another poll, or a change of user, client or consent, may come between the look and the claim: look again.
  handle: (ctx, request) => retryOnConflict(() => poll(ctx, request)),
}

/** Throws `Conflict` when what was read has changed meanwhile. */
async function poll(ctx: RequestContext, { form, credentials }: TokenRequest): Promise<TokenResponse> {
  const { device_code: presented } = form
  if (presented === undefined || credentials.clientId === undefined)
    throw new OAuthError('invalid_request', 'device_code and client_id are required')

  const authenticated = await authenticateClient(ctx, credentials, { secretOptional: 'ACCESS_TOKEN_ISSUED' })
  const { client } = authenticated
  const claims = requestedClaims(ctx, form, authenticated)
  if (!client.enableDeviceFlow)
    throw new OAuthError('unauthorized_client', 'Device authorization flow is not enabled for this client')

  const code = await findDeviceCode(ctx, presented)
  if (!code) throw refuse(ctx, client, 'unknown code')
  if (code.clientId !== client.clientId) throw refuse(ctx, client, 'foreign client')
  switch (stateOf(ctx, code)) {
    case 'used':
      await revokeReusedCode(ctx, code)
      throw refuse(ctx, client, 'code used before', code)
    case 'denied':
      await commit(ctx, [removeDeniedCode(code.id)])
      throw answer(ctx, 'access_denied', 'invalid')
    case 'expired':
      throw answer(ctx, 'expired_token', 'expired')
    case 'waiting':
      throw answer(ctx, (await isTooFast(ctx, code)) ? 'slow_down' : 'authorization_pending', 'pending')
    case 'approved':
      return await redeem(ctx, client, code, claims)
  }
}

type PollResult = 'success' | 'pending' | 'expired' | 'invalid'

const count = (ctx: RequestContext, result: PollResult): void =>
  ctx.metrics.count('oauth_device_code_validation_total', { result })

/** Errors that belong to polling say all there is to say (RFC 8628 §3.5). */
function answer(ctx: RequestContext, error: string, result: PollResult): OAuthError {
  count(ctx, result)
  return new OAuthError(error, '')
}

/** One answer for everything that cannot be redeemed, so that nobody learns which codes exist. */
function refuse(ctx: RequestContext, { clientId }: Client, reason: string, code?: PolledCode): Refusal {
  count(ctx, 'invalid')
  return new Refusal(
    { error: 'invalid_grant', description: 'Device code is invalid or expired' },
    { reason, clientId, userId: code?.userId ?? undefined },
  )
}

/** Notes the poll; a device that is too fast has to wait longer from then on. */
async function isTooFast(ctx: RequestContext, code: PolledCode): Promise<boolean> {
  const { tooFast, interval, store } = ctx.devicePolls.note(code, ctx.clock.now())
  if (store) await commit(ctx, [slowDown(ctx, code.id, interval)])
  return tooFast
}

async function redeem(
  ctx: RequestContext,
  client: Client,
  code: PolledCode,
  claims: RequestedClaims,
): Promise<TokenResponse> {
  const [user, consent] = await Promise.all([
    code.userId === null ? undefined : findUser(ctx, code.userId),
    code.authorizationId === null ? undefined : findConsentById(ctx, code.authorizationId),
  ])
  if (user?.isActive !== true) throw refuse(ctx, client, 'user inactive', code)
  if (code.authorizationId !== null && consent?.isActive !== true) throw refuse(ctx, client, 'consent withdrawn', code)
  const approved = scopeNames(code.scopes)
  const scopes = withinScope(approved, client.scopes)
  if (scopes.length === 0 && approved.length > 0) throw refuse(ctx, client, 'scope withdrawn', code)

  const prepared = await prepareGrant(ctx, {
    grantType: 'device_code',
    client,
    user,
    consent,
    scope: formatScope(scopes),
    ...claims,
    deviceCodeId: code.id,
  })
  const claim = claimDeviceCode(ctx, { id: code.id, userId: user.id, familyId: prepared.familyId })
  await commit(ctx, [...prepared.guards, claim, ...prepared.writes])
  count(ctx, 'success')
  countIssued(ctx, 'device_code', { access: 1, refresh: prepared.refreshTokenId === undefined ? 0 : 1 })
  return prepared.response
}
