/** GET and POST /oauth/userinfo: claims about the user an access token stands for (OpenID Connect Core §5.3). */
import { t } from 'elysia'
import type { Context, RequestContext } from '../context'
import { OAuthError } from '../edge/oauth-error'
import { protocolSurface } from '../edge/surfaces/protocol'
import { wholeNumber } from '../edge/whole-number'
import { findUserFacts } from '../identity/cached-user'
import { userClaims } from '../identity/user-claims'
import { invalidToken, missingToken, presentedBearer, requireAccessToken } from './bearer'
import { scopeNames } from './scope'

const UserInfo = t.Object({
  sub: t.String(),
  iss: t.String(),
  name: t.Optional(t.String()),
  preferred_username: t.Optional(t.String()),
  picture: t.Optional(t.String()),
  updated_at: t.Optional(wholeNumber({ description: 'Seconds since the epoch.' })),
  email: t.Optional(t.String()),
  email_verified: t.Optional(t.Boolean()),
})

/** RFC 6750 §2.2. */
const UserInfoForm = t.Object({ access_token: t.Optional(t.String()) })

export function userInfoEndpoint(context: Context) {
  const response = { 200: UserInfo }
  return protocolSurface(context, { bodyOptional: true })
    .get('/oauth/userinfo', ({ ctx, request }) => answer(ctx, request.headers), { response })
    .post('/oauth/userinfo', ({ ctx, body, request }) => answer(ctx, request.headers, body.access_token), {
      body: UserInfoForm,
      response,
    })
}

async function answer(ctx: RequestContext, headers: Headers, inBody?: string): Promise<typeof UserInfo.static> {
  const token = await requireAccessToken(ctx, presentedToken(headers, inBody))
  // A machine token is nobody's.
  const user = token.username === undefined ? undefined : await findUserFacts(ctx, token.subject)
  if (!user) throw invalidToken('User not found')
  return { sub: user.id, iss: ctx.settings.issuer, ...userClaims(user, scopeNames(token.scope)) }
}

function presentedToken(headers: Headers, inBody: string | undefined): string {
  const presented = presentedBearer(headers)
  if (presented.form === 'none' && inBody !== undefined) return inBody
  if (presented.form === 'none') throw missingToken('invalid_token', 'Bearer token required')
  // Two tokens could be of two users.
  if (inBody !== undefined) throw new OAuthError('invalid_request', 'Multiple access tokens')
  if (presented.form !== 'bearer') throw invalidToken('Bearer token required')
  return presented.token
}
