/** POST /oauth/register: dynamic client registration (RFC 7591 §3). */
import { audit } from '../../audit/audit'
import type { Client } from '../../clients/clients'
import { insertClient, newRegistration } from '../../clients/registrations'
import { generateClientSecret, generateRegistrationToken, hashClientSecret } from '../../clients/secret'
import { countWaiting, registrationAddresses } from '../../clients/unapproved'
import type { Context, RequestContext } from '../../context'
import { commit } from '../../db/commit'
import { OAuthError } from '../../edge/oauth-error'
import { protocolSurface } from '../../edge/surfaces/protocol'
import { subscriberOf } from '../../limits/subscriber'
import { equalSecret, sha256Hex } from '../../secrets'
import { invalidToken, missingToken } from '../bearer'
import { ClientInformation, clientInformation } from './answer'
import { recordRefusals } from './refused'
import { ClientMetadata, checkMetadata, readMetadata } from './request'

export function registrationEndpoint(context: Context) {
  return protocolSurface(context, { unread: true }).post(
    '/oauth/register',
    async ({ ctx, request, status }) => status(201, await answer(ctx, request)),
    { body: ClientMetadata, response: { 201: ClientInformation } },
  )
}

const answer = (ctx: RequestContext, request: Request): Promise<ClientInformation> =>
  recordRefusals(ctx, { event: 'CLIENT_REGISTERED', action: 'Client registration refused' }, async () => {
    requireRegistration(ctx)
    requireInitialAccessToken(ctx, request.headers)
    const metadata = checkMetadata(await readMetadata(request))
    await limitRegistrations(ctx)
    return await register(ctx, metadata)
  })

/** Throws `OAuthError` while the feature is switched off, whatever is sent. */
export function requireRegistration({ settings }: Context): void {
  if (!settings.ENABLE_DYNAMIC_CLIENT_REGISTRATION)
    throw new OAuthError('registration_not_supported', 'Dynamic client registration is not enabled on this server', 403)
}

/** Any text may be configured, also one that is no token of RFC 6750. */
const BEARER = /^bearer +(.+)$/i

function requireInitialAccessToken({ settings }: Context, headers: Headers): void {
  const expected = settings.DYNAMIC_CLIENT_REGISTRATION_TOKEN
  if (expected === '') return
  const presented = BEARER.exec(headers.get('authorization')?.trim() ?? '')?.[1]
  if (presented === undefined)
    throw missingToken('invalid_token', 'An initial access token is required for client registration')
  if (!equalSecret(presented, expected)) throw invalidToken('The initial access token is invalid')
}

/** Clients that wait for approval at once. */
const MOST_WAITING = 1000
const MOST_PER_DAY = 100
const DAY_MS = 24 * 3_600_000

/** Nobody can fill the queue of the administrators, nor the database, by registering again and again. */
async function limitRegistrations(ctx: RequestContext): Promise<void> {
  if (!ctx.settings.ENABLE_RATE_LIMIT) return
  if ((await countWaiting(ctx)) >= MOST_WAITING) throw tooMany('Too many clients wait for approval')
  const recent = await registrationAddresses(ctx, new Date(ctx.clock.now() - DAY_MS))
  const source = subscriberOf(ctx.request.ip)
  if (recent.filter((ip) => subscriberOf(ip) === source).length >= MOST_PER_DAY)
    throw tooMany('Too many registrations from this address')
}

const tooMany = (description: string): OAuthError =>
  new OAuthError('rate_limit_exceeded', description, 429, { 'Retry-After': '3600' })

async function register(
  ctx: RequestContext,
  { fields, applicationType }: ReturnType<typeof checkMetadata>,
): Promise<ClientInformation> {
  const secret = fields.clientType === 'confidential' ? generateClientSecret(ctx) : undefined
  const registrationToken = generateRegistrationToken(ctx)
  const client = newRegistration(ctx, {
    fields,
    secretHash: secret === undefined ? null : hashClientSecret(ctx, secret),
    registrationTokenHash: sha256Hex(registrationToken),
    ip: ctx.request.ip,
  })
  await commit(ctx, [insertClient(client), ...recordRegistration(ctx, client)])
  return clientInformation(ctx, client, { registrationToken, secret, applicationType })
}

function recordRegistration(ctx: RequestContext, client: Client) {
  const { clientId, clientName, scopes } = client
  const resource = { type: 'CLIENT', id: clientId, name: clientName } as const
  const facts = { client_name: clientName, grant_types: client.grantTypes, scopes }
  return [
    ...audit(ctx, {
      event: 'CLIENT_CREATED',
      action: 'OAuth client created',
      resource,
      details: { ...facts, token_profile: client.tokenProfile },
    }),
    ...audit(ctx, {
      event: 'CLIENT_REGISTERED',
      action: 'OAuth client registered via dynamic registration (RFC 7591)',
      resource,
      details: {
        ...facts,
        client_type: client.clientType,
        client_uri: client.clientUri,
        redirect_uris: client.redirectUris,
        source_ip: ctx.request.ip,
      },
    }),
  ]
}
