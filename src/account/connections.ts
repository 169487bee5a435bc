/** `/account/connections`: accounts on other systems that a person signs in with. */
import { t } from 'elysia'
import { accountConnectionsPage, type ConnectionView } from '../../views/pages/account-connections'
import { providerContinuePage } from '../../views/pages/provider-continue'
import type { Context, RequestContext } from '../context'
import { messagesFor } from '../edge/language'
import { page, pageFrame, redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { requireRecentLogin } from '../edge/step-up'
import { signedInSurface } from '../edge/surfaces/page'
import { canSignIn } from '../identity/can-sign-in'
import { disconnectAccount } from '../identity/linking/disconnect'
import { type Connection, listConnections } from '../identity/linking/records'
import { depart } from '../identity/provider-attempt'
import type { User } from '../identity/users'

const HERE = '/account/connections'

const form = t.Object({ csrf_token: t.Optional(t.String()) })

export const accountConnectionsPages = (context: Context) =>
  signedInSurface(context)
    .get(
      HERE,
      async ({ ctx, session }) => {
        const { user } = session
        const connections = await listConnections(ctx, user.id)
        const isConnected = (name: string, isIssuer: (issuer: string) => boolean) =>
          connections.some(({ provider, issuer }) => provider === name && isIssuer(issuer))
        const html = accountConnectionsPage(pageFrame(ctx, session), {
          connections: connectionViews(ctx, user, connections),
          available: ctx.providers.all
            .filter(({ name, isIssuer }) => !isConnected(name, isIssuer))
            .map(({ name, label }) => ({ name, label })),
          managedElsewhere: user.authSource === 'http_api',
        })
        return page(html)
      },
      { response: t.Any() },
    )
    .post(
      `${HERE}/:id/connect`,
      async ({ ctx, session, params, request }) => {
        requireRecentLogin(ctx, session)
        const provider = ctx.providers.find(params.id)
        if (!provider) throw new PageError(400, (text) => text.providers.errors.unsupported)
        if (session.user.authSource === 'http_api')
          throw new PageError(409, (text) => text.providers.errors.managedElsewhere)
        const purpose = { redirect: '', remember: false, fresh: false, linkUserId: session.user.id }
        const { url, cookie } = await depart(ctx, request, provider, purpose)
        // Not a redirect: browsers hold the policy for forms against every redirect that follows, and which hosts a
        // provider passes people through is not known here.
        const html = providerContinuePage(pageFrame(ctx, session), { label: provider.label, href: url.href })
        return page(html, { cookies: [cookie], headers: { Refresh: `0; url=${url.href}` } })
      },
      { params: t.Object({ id: t.String() }), body: form, response: t.Any() },
    )
    .post(
      `${HERE}/:id/disconnect`,
      async ({ ctx, session, params }) => {
        requireRecentLogin(ctx, session)
        const { account } = messagesFor(ctx, session).providers
        const outcome = await disconnectAccount(ctx, {
          session,
          userId: session.user.id,
          connectionId: params.id,
          force: false,
          message: ({ provider }, ended) => account.nowDisconnected(labelOf(ctx, provider), ended),
        })
        if (outcome === 'not_found') throw new PageError(404, (text) => text.providers.errors.connectionNotFound)
        if (outcome === 'last_method') throw new PageError(409, (text) => text.providers.errors.lastMethod)
        return redirectTo(ctx, HERE)
      },
      { params: t.Object({ id: t.String() }), body: form, response: t.Any() },
    )

/** Names of providers that are not offered any more. */
const FORMER_LABELS: Readonly<Record<string, string>> = {
  github: 'GitHub',
  gitea: 'Gitea',
  gitlab: 'GitLab',
  microsoft: 'Microsoft',
  oidc: 'OpenID Connect',
}

const labelOf = ({ providers }: Pick<Context, 'providers'>, name: string): string =>
  providers.find(name)?.label ?? FORMER_LABELS[name] ?? name

/** As shown to the user and to administrators. */
export const connectionViews = (
  ctx: RequestContext,
  user: User,
  connections: readonly Connection[],
): readonly ConnectionView[] =>
  connections.map((connection) => {
    const others = connections.filter(({ id }) => id !== connection.id)
    const { id, provider, issuer, providerUsername, providerEmail, lastUsedAt, createdAt } = connection
    return {
      id,
      label: labelOf(ctx, provider),
      username: providerUsername,
      email: providerEmail,
      lastUsedAt: lastUsedAt ?? undefined,
      connectedAt: createdAt,
      usable: ctx.providers.find(provider)?.isIssuer(issuer) === true,
      onlyWay: !canSignIn(ctx, user, others),
    }
  })
