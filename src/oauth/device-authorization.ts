/** POST /oauth/device/code: the device authorization endpoint (RFC 8628 §3.1, §3.2). */
import { t } from 'elysia'
import { audit } from '../audit/audit'
import { type Client, findClient } from '../clients/clients'
import type { Context, RequestContext } from '../context'
import { commit, Duplicate } from '../db/commit'
import { OAuthError } from '../edge/oauth-error'
import { protocolSurface } from '../edge/surfaces/protocol'
import { wholeNumber } from '../edge/whole-number'
import { sha256Hex } from '../secrets'
import {
  type AuthenticatedClient,
  authenticateClient,
  type PresentedCredentials,
  presentedCredentials,
} from './client-authentication'
import {
  generateDeviceCode,
  hasLiveCodes,
  insertDeviceCode,
  LIFETIME_SECONDS,
  POLL_INTERVAL_SECONDS,
} from './device/codes'
import { digestUserCode, formatUserCode, generateUserCode } from './device/user-code'
import { Refusal, recordRefusal } from './refusal'
import { formatScope, narrowToClient, parseScope } from './scope'

const parameter = t.Optional(t.String())

const DeviceAuthorizationForm = t.Object({ client_id: parameter, client_secret: parameter, scope: parameter })

/** RFC 8628 §3.2. */
const DeviceAuthorizationAnswer = t.Object({
  device_code: t.String(),
  user_code: t.String(),
  verification_uri: t.String(),
  verification_uri_complete: t.String(),
  expires_in: wholeNumber({ description: 'Seconds.' }),
  interval: wholeNumber({ description: 'Seconds between polls.' }),
})

export function deviceAuthorizationEndpoint(context: Context) {
  return protocolSurface(context, { json: true }).post(
    '/oauth/device/code',
    ({ ctx, body, request }) => answer(ctx, request.headers, body),
    { body: DeviceAuthorizationForm, response: { 200: DeviceAuthorizationAnswer } },
  )
}

type Answer = typeof DeviceAuthorizationAnswer.static

async function answer(
  ctx: RequestContext,
  headers: Headers,
  form: typeof DeviceAuthorizationForm.static,
): Promise<Answer> {
  try {
    const { client } = await identifyClient(ctx, presentedCredentials(headers, form))
    if (!client.enableDeviceFlow)
      throw new OAuthError('unauthorized_client', 'Device authorization flow is not enabled for this client')
    const scopes = narrowToClient(parseScope(form.scope ?? ''), client.scopes)
    await limitLiveCodes(ctx, client)
    return await issue(ctx, client, formatScope(scopes))
  } catch (error) {
    if (error instanceof OAuthError)
      recordRefusal(ctx, 'DEVICE_CODE_GENERATED', 'Device authorization request refused', error)
    throw error
  }
}

async function identifyClient(ctx: RequestContext, presented: PresentedCredentials): Promise<AuthenticatedClient> {
  const { clientId, secret } = presented
  if (clientId === undefined) throw new OAuthError('invalid_request', 'client_id is required')
  try {
    return await authenticateClient(ctx, presented, { secretOptional: 'DEVICE_CODE_GENERATED' })
  } catch (error) {
    // Who presents a secret is not told why it was refused; client ids alone are no secret.
    if (error instanceof Refusal && secret === undefined) await explain(ctx, clientId)
    throw error
  }
}

async function explain(ctx: RequestContext, clientId: string): Promise<void> {
  const client = await findClient(ctx, clientId)
  if (!client) throw new OAuthError('invalid_client', 'Unknown client_id')
  if (client.status !== 'active') throw new OAuthError('invalid_client', 'Client is inactive')
}

/** Live codes of one client from one address; nobody can use up what others need. */
const MOST_LIVE_CODES = 1000

async function limitLiveCodes(ctx: RequestContext, { clientId }: Client): Promise<void> {
  if (!ctx.settings.ENABLE_RATE_LIMIT) return
  if (await hasLiveCodes(ctx, { clientId, ip: ctx.request.ip }, MOST_LIVE_CODES))
    throw new OAuthError('rate_limit_exceeded', 'Too many requests. Please try again later.', 429, {
      'Retry-After': '60',
    })
}

/** A user code that is taken is replaced by another; more collisions in a row than this do not happen. */
const ATTEMPTS = 5

async function issue(ctx: RequestContext, client: Client, scopes: string): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const issued = await attemptIssue(ctx, client, scopes)
      ctx.metrics.count('oauth_device_codes_total', { result: 'success' })
      return issued
    } catch (error) {
      if (error instanceof Duplicate && attempt < ATTEMPTS) continue
      ctx.metrics.count('oauth_device_codes_total', { result: 'error' })
      throw error
    }
  }
}

const USER_AGENT_LIMIT = 500

async function attemptIssue(ctx: RequestContext, { clientId }: Client, scopes: string): Promise<Answer> {
  const { request, settings, random, clock } = ctx
  const id = random.orderedUuid()
  const deviceCode = generateDeviceCode(ctx)
  const userCode = generateUserCode(random)
  const shown = formatUserCode(userCode)
  const at = clock.now()
  await commit(ctx, [
    insertDeviceCode({
      id,
      deviceCodeHash: sha256Hex(deviceCode),
      userCodeHash: digestUserCode(ctx, userCode),
      importedSalt: null,
      importedSuffix: null,
      clientId,
      scopes,
      requestIp: request.ip,
      requestUserAgent: request.userAgent.slice(0, USER_AGENT_LIMIT).toWellFormed().replaceAll('\u0000', ''),
      expiresAt: new Date(at + LIFETIME_SECONDS * 1000),
      pollInterval: POLL_INTERVAL_SECONDS,
      lastPolledAt: null,
      userId: null,
      authorizationId: null,
      authorizedAt: null,
      deniedAt: null,
      consumedAt: null,
      tokenFamilyId: null,
      createdAt: new Date(at),
    }),
    ...audit(ctx, {
      event: 'DEVICE_CODE_GENERATED',
      action: 'Device code generated',
      resource: { type: 'DEVICE_CODE', id },
      clientId,
      details: { client_id: clientId, scopes, user_code: shown },
    }),
  ])
  const verificationUri = `${settings.issuer}/device`
  return {
    device_code: deviceCode,
    user_code: shown,
    verification_uri: verificationUri,
    verification_uri_complete: `${verificationUri}?user_code=${shown}`,
    expires_in: LIFETIME_SECONDS,
    interval: POLL_INTERVAL_SECONDS,
  }
}
