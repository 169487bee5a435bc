/** `/admin/tokens/revoke-all`: ending every token of one user or of one application. */
import { t } from 'elysia'
import { adminTokensRevokePage } from '../../views/pages/admin-tokens-revoke'
import { done } from '../apps/own-app'
import { revokeAllAccess } from '../clients/client-grants'
import { type Client, findClient } from '../clients/clients'
import { ClientRefused } from '../clients/refused'
import type { Context, RequestContext } from '../context'
import { Conflict } from '../db/commit'
import { page, pageFrame } from '../edge/page'
import { PageError } from '../edge/page-error'
import { requireRecentLogin } from '../edge/step-up'
import { adminSurface } from '../edge/surfaces/admin'
import type { BrowserSession } from '../identity/sessions'
import { findUser, type User } from '../identity/users'
import { shownName } from '../oauth/client-view'
import { countLiveTokens } from '../tokens/revoke'
import { revokeTokensOfUserAsOperator } from '../tokens/revoke-as-operator'

const REVOKE_ALL_PATH = '/admin/tokens/revoke-all'

const text = t.Optional(t.String())
const ids = { user_id: text, client_id: text }

export const adminTokenBulk = (context: Context) =>
  adminSurface(context)
    .get(
      REVOKE_ALL_PATH,
      async ({ ctx, session, query }) => {
        const subject = await requireSubject(ctx, query)
        const tokens = await countLiveTokens(
          ctx,
          'user' in subject ? { userId: subject.user.id } : { clientId: subject.client.clientId },
        )
        return page(adminTokensRevokePage(pageFrame(ctx, session), { ...described(subject), tokens }))
      },
      { query: t.Object(ids), response: t.Any() },
    )
    .post(
      REVOKE_ALL_PATH,
      async ({ ctx, session, body }) => {
        requireRecentLogin(ctx, session)
        const subject = await requireSubject(ctx, body)
        const tokens = await revokeAll(ctx, session, subject)
        const { field, id } = described(subject)
        const list = `/admin/tokens?${new URLSearchParams({ [field]: id })}`
        return done(ctx, session, list, (m) => m.adminTokens.revokedAll(tokens))
      },
      { body: t.Object({ csrf_token: text, ...ids }), response: t.Any() },
    )

type Subject = { readonly user: User } | { readonly client: Client }

const described = (subject: Subject) =>
  'user' in subject
    ? { field: 'user_id' as const, id: subject.user.id, name: subject.user.username }
    : {
        ...{ field: 'client_id' as const, id: subject.client.clientId },
        name: shownName(subject.client.clientName) || subject.client.clientId,
      }

const notFound = () => new PageError(404, (m) => m.adminTokens.nobody)

/** Throws the 404 page unless exactly one is named, who exists. */
async function requireSubject(
  ctx: RequestContext,
  { user_id: userId = '', client_id: clientId = '' }: { user_id?: string; client_id?: string },
): Promise<Subject> {
  // PostgreSQL takes no NUL, and no id has one.
  if ((userId === '') === (clientId === '') || (userId + clientId).includes('\u0000')) throw notFound()
  const user = userId === '' ? undefined : await findUser(ctx, userId)
  if (user) return { user }
  const client = clientId === '' ? undefined : await findClient(ctx, clientId)
  if (client) return { client }
  throw notFound()
}

/** Resolves to the number of tokens that stopped working. */
async function revokeAll(ctx: RequestContext, { user: actor }: BrowserSession, subject: Subject): Promise<number> {
  try {
    if ('user' in subject) return await revokeTokensOfUserAsOperator(ctx, actor, subject.user)
    return (await revokeAllAccess(ctx, actor, subject.client, 'admin')).tokensRevoked
  } catch (error) {
    if (error instanceof Conflict || error instanceof ClientRefused) throw notFound()
    throw error
  }
}
