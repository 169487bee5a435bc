/** `/account/authorizations`: what a person has allowed applications, and taking it back. */
import { t } from 'elysia'
import { scopeView } from '../../views/describe'
import { accountAuthorizationsPage } from '../../views/pages/account-authorizations'
import { findConsentById } from '../consent/consents'
import { findConsentsOfUser } from '../consent/consents-of-user'
import { revokeConsent } from '../consent/revoke'
import type { Context, RequestContext } from '../context'
import { Conflict, commit } from '../db/commit'
import { messagesFor } from '../edge/language'
import { listFound, readListRequest } from '../edge/list-request'
import { page, pageFrame, redirectTo } from '../edge/page'
import { signedInSurface } from '../edge/surfaces/page'
import { addFlash, type BrowserSession } from '../identity/sessions'

const HERE = '/account/authorizations'
const NOT_FOUND = 'not_found'

const text = t.Optional(t.String())

export const accountAuthorizationsPages = (context: Context) =>
  signedInSurface(context)
    .get(
      HERE,
      async ({ ctx, session, query: asked }) => {
        const frame = pageFrame(ctx, session)
        const request = readListRequest(asked)
        const listed = await listFound(request, await findConsentsOfUser(ctx, session.user.id))
        const html = accountAuthorizationsPage(frame, {
          list: { path: HERE, state: request },
          listed,
          authorizations: listed.rows.map(({ uuid, clientId, clientName, scopes, grantedAt }) => ({
            ...{ uuid, clientId, clientName: clientName || clientId, grantedAt },
            scopes: scopes
              .split(' ')
              .filter((name) => name !== '')
              .map((name) => scopeView(frame.t, name)),
          })),
          // Only a known code shows something, so that no link can put words into the page.
          notFound: asked.error === NOT_FOUND,
        })
        return page(html)
      },
      { query: t.Object({ error: text, page: text, page_size: text }), response: t.Any() },
    )
    .post(
      `${HERE}/:uuid/revoke`,
      async ({ ctx, session, params }) => {
        const tokens = await revoke(ctx, session, params.uuid)
        if (tokens === undefined) return redirectTo(ctx, `${HERE}?error=${NOT_FOUND}`)
        const message = messagesFor(ctx, session).account.authorizations.revoked(tokens)
        await commit(ctx, [addFlash(session, message)])
        return redirectTo(ctx, HERE)
      },
      {
        params: t.Object({ uuid: t.String() }),
        body: t.Object({ csrf_token: t.Optional(t.String()) }),
        response: t.Any(),
      },
    )

/**
 * The number of tokens that stopped working; undefined when there is no such consent of this user: one of somebody else
 * and one that does not exist are the same.
 */
async function revoke(ctx: RequestContext, { user }: BrowserSession, uuid: string): Promise<number | undefined> {
  const consent = uuid.includes('\u0000') ? undefined : await findConsentById(ctx, uuid)
  if (consent?.userId !== user.id) return undefined
  if (!consent.isActive) return 0
  try {
    return (await revokeConsent(ctx, consent, user)).tokensRevoked
  } catch (error) {
    // Two clicks that cross: the first has revoked it.
    if (error instanceof Conflict) return 0
    throw error
  }
}
