/** What was granted to a client and still works: grants of users, and tokens the client got for itself. */
import { and, desc, eq, gt, inArray, isNull, ne } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { type Context, now, type RequestContext } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { param, type QueryBuilder, query, write } from '../db/definitions'
import { countsOf, type Found, MOST_LISTED } from '../db/found'
import { must, run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import { countLiveTokens, revokeFamily, revokeTokensOfClient } from '../tokens/revoke'
import type { Client } from './clients'
import { type Actor, commitClient } from './shown'

export type GrantRow = Tables['tokenFamilies']['$inferSelect']
export type MachineTokenRow = Tables['accessTokens']['$inferSelect']

export interface ClientGrant {
  readonly grant: GrantRow
  /** Undefined when the account is gone. */
  readonly username: string | undefined
}

/** The newest grants of the client: what a list of those that still work looks at. */
const looked = (q: QueryBuilder, { tokenFamilies: family }: Tables) =>
  q
    .select({
      ...{ id: family.id, createdAt: family.createdAt, expiresAt: family.expiresAt, revokedAt: family.revokedAt },
    })
    .from(family)
    .where(eq(family.clientId, param('clientId')))
    .orderBy(desc(family.createdAt), desc(family.id))
    .limit(MOST_LISTED)
    .as('looked')

const isLive = (family: Pick<ReturnType<typeof looked>, 'revokedAt' | 'expiresAt'>) =>
  and(isNull(family.revokedAt), gt(family.expiresAt, param('now')))

const countGrants = query('count_grants_of_client', (q, t) => {
  const some = looked(q, t)
  return q.select(countsOf(isLive(some))).from(some)
})

const idsOfGrants = query('ids_of_grants_of_client', (q, t) => {
  const some = looked(q, t)
  return q
    .select({ id: some.id })
    .from(some)
    .where(isLive(some))
    .orderBy(desc(some.createdAt), desc(some.id))
    .limit(param('limit'))
    .offset(param('offset'))
})

/** Grants of users that still work, the newest first. Throws `DatabaseUnavailable`. */
export async function findClientGrants(
  ctx: Pick<Context, 'db' | 'clock'>,
  clientId: string,
): Promise<Found<ClientGrant>> {
  const parameters = { clientId, now: now(ctx) }
  const counts = await ctx.db.one(countGrants, parameters)
  return {
    total: counts?.total ?? 0,
    cut: counts?.looked === MOST_LISTED,
    select: async (window) => {
      const ids = await ctx.db.all(idsOfGrants, { ...parameters, ...window })
      return grantsOfIds(
        ctx,
        ids.map(({ id }) => id),
      )
    },
  }
}

async function grantsOfIds({ db: { q, t } }: Pick<Context, 'db'>, ids: readonly string[]): Promise<ClientGrant[]> {
  if (ids.length === 0) return []
  const rows = await q
    .select({ grant: t.tokenFamilies, username: t.users.username })
    .from(t.tokenFamilies)
    .leftJoin(t.users, eq(t.users.id, t.tokenFamilies.userId))
    .where(inArray(t.tokenFamilies.id, [...ids]))
    .orderBy(desc(t.tokenFamilies.createdAt), desc(t.tokenFamilies.id))
  return rows.map(({ grant, username }) => ({ grant, username: username ?? undefined }))
}

const MOST_MACHINE_TOKENS = 50

const liveMachineTokens = query('live_machine_tokens', (q, t) =>
  q
    .select()
    .from(t.accessTokens)
    .where(
      and(
        eq(t.accessTokens.userId, param('machine')),
        eq(t.accessTokens.status, 'active'),
        gt(t.accessTokens.expiresAt, param('now')),
      ),
    )
    .orderBy(desc(t.accessTokens.createdAt), desc(t.accessTokens.id))
    .limit(MOST_MACHINE_TOKENS),
)

/** Whom the row of a token names that a client got for itself. */
const machineOf = (clientId: string): string => `client:${clientId}`

/** The newest tokens of the client credentials grant. Throws `DatabaseUnavailable`. */
export const listMachineTokens = (ctx: Pick<Context, 'db' | 'clock'>, clientId: string): Promise<MachineTokenRow[]> =>
  ctx.db.all(liveMachineTokens, { machine: machineOf(clientId), now: now(ctx) })

const endGrant = write('end_grant_of_client', (q, t) =>
  q
    .update(t.tokenFamilies)
    .set({ revokedAt: param('now') })
    .where(
      and(
        eq(t.tokenFamilies.id, param('id')),
        eq(t.tokenFamilies.clientId, param('clientId')),
        isNull(t.tokenFamilies.revokedAt),
      ),
    ),
)

const endMachineToken = write('end_machine_token', (q, t) =>
  q
    .update(t.accessTokens)
    .set({ status: 'revoked', revokedAt: param('now'), updatedAt: param('now') })
    .where(
      and(
        eq(t.accessTokens.id, param('id')),
        eq(t.accessTokens.userId, param('machine')),
        ne(t.accessTokens.status, 'revoked'),
      ),
    ),
)

/**
 * Revokes everything issued from one grant of the client.
 *
 * Throws `ClientRefused` (`changed_meanwhile`) when there is no such live grant of this client, and
 * `DatabaseUnavailable`.
 */
export async function revokeClientGrant(
  ctx: RequestContext,
  actor: Actor,
  { clientId }: Client,
  id: string,
): Promise<{ tokensRevoked: number }> {
  const statements = [
    must(endGrant, { id, clientId, now: now(ctx) }, 'grant'),
    ...revokeFamily(ctx, id),
    ...recordRevocation(ctx, actor, clientId, { id, category: 'grant' }),
  ]
  const rows = await commitClient(ctx, statements)
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'user_request' })
  return { tokensRevoked: rowsChanged(statements, rows, 'revoke_tokens_of_family') }
}

/** Revokes one token the client got for itself. Throws as `revokeClientGrant`. */
export async function revokeMachineToken(
  ctx: RequestContext,
  actor: Actor,
  { clientId }: Client,
  id: string,
): Promise<void> {
  await commitClient(ctx, [
    must(endMachineToken, { id, machine: machineOf(clientId), now: now(ctx) }, 'token'),
    ...recordRevocation(ctx, actor, clientId, { id, category: 'access' }),
  ])
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'user_request' })
}

const recordRevocation = (
  ctx: RequestContext,
  actor: Actor,
  clientId: string,
  { id, category }: { readonly id: string; readonly category: string },
): Statement[] =>
  audit(ctx, {
    event: 'TOKEN_REVOKED',
    action: category === 'grant' ? 'Grant revoked by owner of the application' : 'Token revoked',
    actor,
    resource: { type: 'TOKEN', id },
    clientId,
    details: { client_id: clientId, token_category: category },
  })

const endConsents = write('end_consents_of_client', (q, t) =>
  q
    .update(t.userAuthorizations)
    .set({ isActive: false, revokedAt: param('now'), updatedAt: param('now') })
    .where(and(eq(t.userAuthorizations.clientId, param('clientId')), eq(t.userAuthorizations.isActive, true))),
)

/**
 * Ends all access through a client: every token, code and consent. The client itself stays as it is.
 *
 * Throws `ClientRefused` when it is gone, and `DatabaseUnavailable`.
 */
export async function revokeAllAccess(
  ctx: Context,
  actor: Actor,
  { clientId, clientName }: Client,
  by: 'owner' | 'admin',
): Promise<{ tokensRevoked: number; consentsEnded: number }> {
  const revokedCount = await countLiveTokens(ctx, { clientId })
  const statements = [
    ...revokeTokensOfClient(ctx, clientId),
    run(endConsents, { clientId, now: now(ctx) }),
    ...audit(ctx, {
      event: 'CLIENT_TOKENS_REVOKED_ALL',
      action: by === 'admin' ? 'All client tokens revoked by administrator' : 'All client tokens revoked by owner',
      severity: 'CRITICAL',
      actor,
      resource: { type: 'CLIENT', id: clientId, name: clientName },
      clientId,
      details: { client_id: clientId, revoked_count: revokedCount },
    }),
  ]
  const rows = await commitClient(ctx, statements)
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: by === 'admin' ? 'admin' : 'user_request' })
  return {
    tokensRevoked: rowsChanged(statements, rows, 'revoke_tokens_of_client'),
    consentsEnded: rowsChanged(statements, rows, 'end_consents_of_client'),
  }
}
