/** Signing out. */
import { audit } from '../audit/audit'
import type { RequestContext } from '../context'
import { type BrowserSession, endSession } from './sessions'

/** Ends the session on the server, so that copies of its cookie end too. Tokens of applications stay. */
export async function logOut(ctx: RequestContext, session: BrowserSession): Promise<void> {
  const { user, sid } = session
  await endSession(
    ctx,
    session,
    audit(ctx, {
      event: 'LOGOUT',
      action: 'User logged out',
      actor: { id: user.id, username: user.username },
      resource: { type: 'USER', id: user.id },
      details: { sid },
    }),
  )
  ctx.metrics.count('auth_logout_total')
}
