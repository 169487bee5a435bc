/** POST /oauth/introspect: token introspection (RFC 7662). */
import { t } from 'elysia'
import type { Context, RequestContext } from '../context'
import { OAuthError } from '../edge/oauth-error'
import { protocolSurface } from '../edge/surfaces/protocol'
import { wholeNumber } from '../edge/whole-number'
import { findToken } from '../tokens/refresh-presented'
import { checkToken, type LiveToken } from '../tokens/validate'
import { countValidation } from './bearer'
import {
  type AuthenticatedClient,
  authenticateClient,
  invalidClient,
  presentedCredentials,
} from './client-authentication'
import { recordRefusal } from './refusal'

const parameter = t.Optional(t.String())

/** The hint is not needed: tokens of both kinds are found by their hash (RFC 7662 §2.1). */
const IntrospectionForm = t.Object({
  token: parameter,
  token_type_hint: parameter,
  client_id: parameter,
  client_secret: parameter,
})

const Inactive = t.Object({ active: t.Literal(false) })

/** RFC 7662 §2.2. Times are seconds since the epoch. */
const Active = t.Object({
  active: t.Literal(true),
  scope: t.String(),
  client_id: t.String(),
  token_type: t.Literal('Bearer'),
  exp: wholeNumber(),
  iat: wholeNumber(),
  sub: t.String(),
  iss: t.String(),
  jti: t.String(),
  aud: t.Optional(t.Union([t.String(), t.Array(t.String())])),
  username: t.Optional(t.String()),
})

type Introspection = typeof Active.static | typeof Inactive.static

export function introspectionEndpoint(context: Context) {
  return protocolSurface(context).post(
    '/oauth/introspect',
    ({ ctx, body, request }) => answer(ctx, request.headers, body),
    { body: IntrospectionForm, response: { 200: t.Union([Active, Inactive]) } },
  )
}

async function answer(
  ctx: RequestContext,
  headers: Headers,
  form: typeof IntrospectionForm.static,
): Promise<Introspection> {
  try {
    const caller = await resourceServer(ctx, headers, form)
    if (form.token === undefined) throw new OAuthError('invalid_request', 'token parameter is required')
    return await introspect(ctx, caller, form.token)
  } catch (error) {
    if (error instanceof OAuthError) recordRefusal(ctx, 'TOKEN_INTROSPECTED', 'Introspection refused', error)
    throw error
  }
}

/** Only a client that proves itself may ask: whoever can ask freely can search for tokens (RFC 7662 §4). */
async function resourceServer(
  ctx: RequestContext,
  headers: Headers,
  form: typeof IntrospectionForm.static,
): Promise<AuthenticatedClient> {
  const presented = presentedCredentials(headers, form)
  if (presented.clientId === undefined || presented.secret === undefined)
    throw invalidClient('no credentials', {}, 'Client authentication required')
  const caller = await authenticateClient(ctx, presented)
  if (caller.method === 'none') throw invalidClient('public client', { clientId: caller.client.clientId })
  return caller
}

async function introspect(ctx: RequestContext, caller: AuthenticatedClient, text: string): Promise<Introspection> {
  const check = await countValidation(ctx, checkToken(ctx, text))
  if (!check.live) {
    const row = await findToken(ctx, text)
    if (row) record(ctx, caller, { ...row.token, subject: row.token.userId, category: row.token.tokenCategory }, false)
    return { active: false }
  }
  const { token } = check
  const active = mayLearn(caller, token)
  record(ctx, caller, token, active)
  return active ? describe(ctx, token) : { active: false }
}

/** Refresh tokens concern nobody but their client; access tokens also the clients that are resource servers. */
const mayLearn = ({ client }: AuthenticatedClient, token: LiveToken): boolean =>
  token.clientId === client.clientId || (token.category === 'access' && client.allowIntrospection)

function describe(ctx: RequestContext, token: LiveToken): Introspection {
  const { aud } = token.claims as { aud?: string | string[] }
  return {
    active: true,
    scope: token.scope,
    client_id: token.clientId,
    token_type: 'Bearer',
    exp: seconds(token.expiresAt),
    iat: seconds(token.createdAt),
    sub: token.subject,
    iss: ctx.settings.issuer,
    jti: token.id,
    ...(aud !== undefined && { aud }),
    ...(token.username !== undefined && { username: token.username }),
  }
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000)

function record(
  ctx: RequestContext,
  { client }: AuthenticatedClient,
  token: Pick<LiveToken, 'id' | 'clientId' | 'subject' | 'category'>,
  active: boolean,
): void {
  // Resource servers ask about the same token again and again.
  ctx.audit.recordRepeatable(ctx, {
    event: 'TOKEN_INTROSPECTED',
    action: active ? 'Token introspected' : 'Token introspected, answered as inactive',
    actor: { id: `client:${client.clientId}` },
    resource: { type: 'TOKEN', id: token.id },
    clientId: client.clientId,
    details: {
      caller_client_id: client.clientId,
      token_client_id: token.clientId,
      token_user_id: token.subject,
      token_category: token.category,
      active,
    },
  })
}
