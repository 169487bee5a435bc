/** The application a page of administrators is about, and what its page shows. */
import { t } from 'elysia'
import { clientChanges } from '../../views/components/client-changes'
import type { Messages } from '../../views/messages'
import { adminClientPage, type DecisionView } from '../../views/pages/admin-client'
import { appView } from '../apps/app-views'
import { type Client, findClient } from '../clients/clients'
import { reachOf } from '../clients/delete-client'
import { findPending, listDecisions, proposedChanges, type Revision } from '../clients/revisions'
import type { RequestContext } from '../context'
import { page, pageFrame } from '../edge/page'
import { PageError } from '../edge/page-error'
import type { BrowserSession } from '../identity/sessions'
import { findUser } from '../identity/users'

export const CLIENTS_PATH = '/admin/clients'
export const clientPath = (clientId: string): string => `${CLIENTS_PATH}/${encodeURIComponent(clientId)}`
export const byId = t.Object({ id: t.String() })

export async function requireClient(ctx: RequestContext, id: string): Promise<Client> {
  const client = await findClient(ctx, id)
  if (!client) throw new PageError(404, (m) => m.apps.notFound)
  return client
}

/** `refused` says why something was not done. */
export async function clientDetail(
  ctx: RequestContext,
  session: BrowserSession,
  client: Client,
  refused?: { readonly status: number; readonly problem: string },
): Promise<Response> {
  const [reach, pending, owner, decisions] = await Promise.all([
    reachOf(ctx, client.clientId),
    findPending(ctx, client.clientId),
    client.userId === null ? undefined : findUser(ctx, client.userId),
    listDecisions(ctx, client.clientId),
  ])
  const frame = pageFrame(ctx, session, { here: clientPath(client.clientId) })
  const html = adminClientPage(frame, {
    app: appView(ctx, client),
    reach,
    owner: owner && { id: owner.id, username: owner.username },
    origin: client.origin,
    profile: client.tokenProfile.trim() || 'standard',
    allowIntrospection: client.allowIntrospection,
    waiting: pending && clientChanges(frame.t, client, proposedChanges(pending)),
    decisions: decisions.map((revision) => decisionView(frame.t, revision)),
    ...(refused && { refused: refused.problem }),
  })
  return page(html, { status: refused?.status ?? 200 })
}

const decisionView = (t: Messages, revision: Revision): DecisionView => {
  const { status, decidedAt, createdAt, decidedBy, reason } = revision
  return {
    at: decidedAt ?? createdAt,
    status: status === 'approved' ? 'approved' : 'rejected',
    by: decidedBy ?? '',
    reason,
    // What was in force before is not kept beside it.
    changes: clientChanges(t, {}, proposedChanges(revision)),
  }
}
