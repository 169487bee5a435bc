/** POST /oauth/token: the token endpoint (RFC 6749 §3.2). One file per grant type is in `grants/`. */
import { t } from 'elysia'
import type { Context, RequestContext } from '../context'
import { OAuthError } from '../edge/oauth-error'
import { protocolSurface } from '../edge/surfaces/protocol'
import { wholeNumber } from '../edge/whole-number'
import { presentedCredentials } from './client-authentication'
import { enabledGrants } from './grants'
import type { Grant, TokenResponse } from './grants/grant'
import { recordRefusal } from './refusal'

const parameter = t.Optional(t.String())

/** Every parameter of every grant type; others are ignored (RFC 6749 §3.2). */
const TokenForm = t.Object({
  grant_type: parameter,
  client_id: parameter,
  client_secret: parameter,
  scope: parameter,
  resource: parameter,
  extra_claims: parameter,
  code: parameter,
  redirect_uri: parameter,
  code_verifier: parameter,
  refresh_token: parameter,
  device_code: parameter,
})

/** RFC 6749 §5.1. */
const TokenAnswer = t.Object({
  access_token: t.String(),
  token_type: t.Literal('Bearer'),
  expires_in: wholeNumber({ description: 'Seconds.' }),
  scope: t.String(),
  refresh_token: t.Optional(t.String()),
  id_token: t.Optional(t.String()),
})

export function tokenEndpoint(context: Context) {
  const grants = enabledGrants(context.settings)
  return protocolSurface(context).post(
    '/oauth/token',
    ({ ctx, body, request }) => answer(ctx, grants, request.headers, body),
    { body: TokenForm, response: { 200: TokenAnswer } },
  )
}

async function answer(
  ctx: RequestContext,
  grants: readonly Grant[],
  headers: Headers,
  form: typeof TokenForm.static,
): Promise<TokenResponse> {
  const grant = chosenGrant(grants, form.grant_type)
  try {
    const credentials = presentedCredentials(headers, form)
    return await grant.handle(ctx, { form, credentials })
  } catch (error) {
    if (error instanceof OAuthError && grant.refusalEvent)
      recordRefusal(ctx, grant.refusalEvent, 'Token request refused', error)
    throw error
  }
}

function chosenGrant(grants: readonly Grant[], grantType: string | undefined): Grant {
  if (grantType === undefined) throw new OAuthError('invalid_request', 'grant_type is required')
  const grant = grants.find((each) => each.grantType === grantType)
  if (grant) return grant
  throw new OAuthError('unsupported_grant_type', `Supported grant types: ${grants.map(shortName).join(', ')}`)
}

/** Extension grants are named by a URN; its last part says enough. */
const shortName = ({ grantType }: Grant): string => grantType.slice(grantType.lastIndexOf(':') + 1)
