/** Logout tokens (OpenID Connect Back-Channel Logout §2.4). */
import type { Context } from '../../context'
import { signJwt } from '../../tokens/jwt'
import type { LogoutNotice } from './notices'

const LIFETIME_SECONDS = 120
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** Tells one application that one session of one user has ended. Made anew for each attempt, with an id of its own. */
export async function signLogoutToken(ctx: Context, { clientId, userId, sid }: LogoutNotice): Promise<string> {
  const iat = Math.floor(ctx.clock.now() / 1000)
  const payload = {
    iss: ctx.settings.issuer,
    sub: userId,
    aud: clientId,
    iat,
    exp: iat + LIFETIME_SECONDS,
    jti: ctx.random.uuid(),
    events: { [LOGOUT_EVENT]: {} },
    sid,
  }
  return await signJwt(ctx.keys, 'logout+jwt', JSON.stringify(payload))
}
