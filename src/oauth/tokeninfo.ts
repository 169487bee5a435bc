/** GET /oauth/tokeninfo: what the holder of an access token may learn about it. */
import { t } from 'elysia'
import type { Context } from '../context'
import { protocolSurface } from '../edge/surfaces/protocol'
import { wholeNumber } from '../edge/whole-number'
import { isMachineSubject } from '../tokens/claims'
import { invalidToken, missingToken, type PresentedBearer, presentedBearer, requireAccessToken } from './bearer'

const TokenInfo = t.Object({
  active: t.Literal(true),
  user_id: t.String(),
  client_id: t.String(),
  scope: t.String(),
  exp: wholeNumber({ description: 'Seconds since the epoch.' }),
  iss: t.String(),
  subject_type: t.Union([t.Literal('user'), t.Literal('client')]),
})

export function tokenInfoEndpoint(context: Context) {
  return protocolSurface(context).get(
    '/oauth/tokeninfo',
    async ({ ctx, request }) => {
      const presented = presentedBearer(request.headers)
      const token = await requireAccessToken(ctx, acceptedToken(ctx, presented))
      return {
        active: true as const,
        user_id: token.subject,
        client_id: token.clientId,
        scope: token.scope,
        exp: Math.floor(token.expiresAt.getTime() / 1000),
        iss: ctx.settings.issuer,
        subject_type: isMachineSubject(token.subject) ? ('client' as const) : ('user' as const),
      }
    },
    { response: { 200: TokenInfo } },
  )
}

function acceptedToken(ctx: Context, presented: PresentedBearer): string {
  switch (presented.form) {
    case 'none':
      throw missingToken('missing_token', '')
    case 'unreadable':
      throw invalidToken()
    case 'naked':
      ctx.log.warn({ path: '/oauth/tokeninfo' }, 'Authorization header without the scheme Bearer is deprecated')
      return presented.token
    case 'bearer':
      return presented.token
  }
}
