/** `/account/activity`: a person's own sign-ins, refused ones among them. */
import { t } from 'elysia'
import { deviceName } from '../../views/describe'
import type { Messages } from '../../views/messages'
import { accountActivityPage, type SignInView } from '../../views/pages/account-activity'
import type { Context } from '../context'
import { readListRequest } from '../edge/list-request'
import { page, pageFrame } from '../edge/page'
import { signedInSurface } from '../edge/surfaces/page'
import { listSignIns, type SignIn } from './sign-ins'

export const accountActivityPages = (context: Context) =>
  signedInSurface(context).get(
    '/account/activity',
    async ({ ctx, session, query }) => {
      const request = readListRequest(query)
      const listed = await listSignIns(ctx, session.user.id, request)
      const frame = pageFrame(ctx, session)
      const html = accountActivityPage(frame, {
        signIns: listed.rows.map((row) => signInView(frame.t, row)),
        list: { state: request, listed },
        recorded: ctx.settings.ENABLE_AUDIT_LOGGING,
      })
      return page(html)
    },
    { response: t.Any() },
  )

function kindOf({ event, success, confirmation }: SignIn): SignInView['kind'] {
  if (event === 'LOGOUT') return 'signedOut'
  if (!success || event === 'AUTHENTICATION_FAILURE') return 'refused'
  return confirmation ? 'confirmed' : 'signedIn'
}

export const signInView = (messages: Messages, signIn: SignIn): SignInView => ({
  id: signIn.id,
  at: signIn.at,
  kind: kindOf(signIn),
  device: deviceName(messages, signIn.userAgent),
  ip: signIn.ip,
})
