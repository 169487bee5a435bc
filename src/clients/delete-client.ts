/** Deleting a client, with everything that was granted through it. */
import { and, count, eq, gt, inArray, sql } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { type Context, now, type RequestContext } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { param, query, write } from '../db/definitions'
import { must } from '../db/statements'
import { revokeTokensOfClient } from '../tokens/revoke'
import type { Client } from './clients'
import { ClientRefused } from './refused'
import { type Actor, asShown, commitClient, shown } from './shown'

const deleteRow = write('delete_client', (q, t) => q.delete(t.oauthApplications).where(asShown(t.oauthApplications)))

/** What hangs on a client now. */
export interface ClientReach {
  /** Access and refresh tokens that work, or would if they were enabled. */
  readonly tokens: number
  /** Users who allowed it something. */
  readonly consents: number
}

/** An application in wide use has millions: more than so many are not counted. */
const MOST_COUNTED = 10_000
const one = { one: sql<number>`1`.as('one') }

const usableTokens = query('usable_tokens_of_client', (q, t) =>
  q.select({ count: count() }).from(
    q
      .select(one)
      .from(t.accessTokens)
      .where(
        and(
          eq(t.accessTokens.clientId, param('clientId')),
          inArray(t.accessTokens.status, ['active', 'disabled']),
          gt(t.accessTokens.expiresAt, param('now')),
        ),
      )
      .limit(MOST_COUNTED)
      .as('counted'),
  ),
)

const activeConsents = query('active_consents_of_client', (q, t) =>
  q.select({ count: count() }).from(
    q
      .select(one)
      .from(t.userAuthorizations)
      .where(and(eq(t.userAuthorizations.clientId, param('clientId')), eq(t.userAuthorizations.isActive, true)))
      .limit(MOST_COUNTED)
      .as('counted'),
  ),
)

/** Throws `DatabaseUnavailable`. */
export async function reachOf(ctx: Pick<Context, 'db' | 'clock'>, clientId: string): Promise<ClientReach> {
  const [tokens, consents] = await Promise.all([
    ctx.db.one(usableTokens, { clientId, now: now(ctx) }),
    ctx.db.one(activeConsents, { clientId }),
  ])
  return { tokens: tokens?.count ?? 0, consents: consents?.count ?? 0 }
}

/**
 * Its tokens are revoked; its consents, codes and revisions go with it. Owners may not delete a client that is in use.
 *
 * Throws `ClientRefused` (`active`, `changed_meanwhile`) and `DatabaseUnavailable`.
 */
export async function deleteClient(
  ctx: RequestContext,
  actor: Actor,
  client: Client,
  by: 'owner' | 'admin',
): Promise<ClientReach> {
  const { clientId, clientName, status } = client
  if (by === 'owner' && status === 'active') throw new ClientRefused('active')
  const { consents } = await reachOf(ctx, clientId)
  const statements = [
    // Before the row goes, whose epoch they raise.
    ...revokeTokensOfClient(ctx, clientId),
    must(deleteRow, shown(client), 'client'),
    ...audit(ctx, {
      event: 'CLIENT_DELETED',
      action: by === 'admin' ? 'OAuth client deleted' : 'OAuth client deleted by owner',
      severity: 'WARNING',
      actor,
      resource: { type: 'CLIENT', id: clientId, name: clientName },
      clientId,
      details: { client_name: clientName, status },
    }),
  ]
  const rows = await commitClient(ctx, statements)
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: by === 'admin' ? 'admin' : 'user_request' })
  return { tokens: rowsChanged(statements, rows, 'revoke_tokens_of_client'), consents }
}
