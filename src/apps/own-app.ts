/** The application a request is about, which has to be the caller's own. */
import { t } from 'elysia'
import type { Messages } from '../../views/messages'
import { type Client, findClient } from '../clients/clients'
import type { RequestContext } from '../context'
import { commit } from '../db/commit'
import { messagesFor } from '../edge/language'
import { redirectTo } from '../edge/page'
import { PageError } from '../edge/page-error'
import { addFlash, type BrowserSession } from '../identity/sessions'

export const APPS_PATH = '/apps'
export const appPath = (clientId: string): string => `${APPS_PATH}/${encodeURIComponent(clientId)}`

const text = t.Optional(t.String())
export const byId = t.Object({ id: t.String() })
export const inList = t.Object({ id: t.String(), item: t.String() })
/** A form without fields of its own; `version` is that of the page it stood on. */
export const press = t.Object({ csrf_token: text, version: text })

/** Throws the 404 page, and the 403 page for what is somebody else's; administrators have pages of their own. */
export async function requireOwnApp(
  ctx: RequestContext,
  { user }: BrowserSession,
  clientId: string,
  change = false,
): Promise<Client> {
  const client = await findClient(ctx, clientId)
  if (!client) throw new PageError(404, (m) => m.apps.notFound)
  if (client.userId !== user.id) throw new PageError(403, (m) => (change ? m.apps.notOwner : m.apps.noAccess))
  return client
}

/** As the page showed it whose form was sent; a form without a version is about what is there now. */
export const asSeen = (client: Client, version: string | undefined): Client =>
  /^\d{1,15}$/.test(version ?? '') ? { ...client, version: Number(version) } : client

/** Says what was done on the page that comes next. */
export async function done(
  ctx: RequestContext,
  session: BrowserSession,
  path: string,
  message: (t: Messages) => string,
): Promise<Response> {
  await commit(ctx, [addFlash(session, message(messagesFor(ctx, session)))])
  return redirectTo(ctx, path)
}
