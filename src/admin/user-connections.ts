/** `/admin/users/:id/connections`: accounts on other systems that a user signs in with. */
import { t } from 'elysia'
import { adminUserConnectionsPage } from '../../views/pages/admin-user-connections'
import { connectionViews } from '../account/connections'
import type { Context } from '../context'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import { disconnectAccount } from '../identity/linking/disconnect'
import { listConnections } from '../identity/linking/records'
import { findUser } from '../identity/users'

const optionalText = t.Optional(t.String())

export const adminUserConnectionsPages = (context: Context) =>
  adminSurface(context)
    .get(
      '/admin/users/:id/connections',
      async ({ ctx, session, params }) => {
        const user = await findUser(ctx, params.id)
        if (!user) throw new PageError(404, (text) => text.providers.errors.userNotFound)
        const connections = await listConnections(ctx, user.id)
        const html = adminUserConnectionsPage(pageFrame(ctx, session), {
          userId: user.id,
          username: user.username,
          connections: connectionViews(ctx, user, connections),
        })
        return page(html)
      },
      { params: t.Object({ id: t.String() }), response: t.Any() },
    )
    .post(
      '/admin/users/:id/connections/:conn_id/delete',
      async ({ ctx, session, params, body }) => {
        requireRecentLogin(ctx, session)
        const { admin } = messagesFor(ctx, session).providers
        const isOwn = params.id === session.user.id
        const outcome = await disconnectAccount(ctx, {
          session,
          userId: params.id,
          connectionId: params.conn_id,
          // Nobody locks themselves out; somebody else only when the page said so.
          force: body.force === '1' && !isOwn,
          message: (_, ended) => admin.removed(ended),
        })
        if (outcome === 'not_found') throw new PageError(404, (text) => text.providers.errors.connectionNotFound)
        if (outcome === 'last_method')
          throw new PageError(409, ({ providers: { errors } }) => (isOwn ? errors.lastMethod : errors.lastMethodOfUser))
        return redirectTo(ctx, `/admin/users/${encodeURIComponent(params.id)}/connections`)
      },
      {
        params: t.Object({ id: t.String(), conn_id: t.String() }),
        body: t.Object({ csrf_token: optionalText, force: optionalText }),
        response: t.Any(),
      },
    )
