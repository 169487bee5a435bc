/** Connected accounts at other providers, and the users they may belong to. */
import { and, asc, desc, eq, or, sql } from 'drizzle-orm'
import { type Context, now } from '../../context'
import { param, query, rowParameters, write } from '../../db/definitions'
import { must, run, type Statement } from '../../db/statements'
import type { Tables } from '../../db/tables'
import type { Provider, ProviderAccount } from '../providers/provider'
import { normaliseEmail, type User } from '../users'

export type Connection = Tables['oauthConnections']['$inferSelect']

type Db = Pick<Context, 'db'>

const connectionOfSubject = query('connection_of_subject', (q, t) =>
  q
    .select({ connection: t.oauthConnections, user: t.users })
    .from(t.oauthConnections)
    .innerJoin(t.users, eq(t.users.id, t.oauthConnections.userId))
    .where(
      and(
        eq(t.oauthConnections.provider, param('provider')),
        or(
          eq(t.oauthConnections.issuer, param('issuer')),
          // Taken over without its tenant, which its next use names; no two tenants have the same id for a person.
          and(eq(t.oauthConnections.provider, 'microsoft'), eq(t.oauthConnections.issuer, '')),
        ),
        eq(t.oauthConnections.providerUserId, param('subject')),
      ),
    )
    .orderBy(desc(t.oauthConnections.issuer))
    .limit(1),
)

/** Throws `DatabaseUnavailable`: an unanswered look-up must never look like a stranger. */
export async function findConnection(
  ctx: Db,
  { name, importedIssuer }: Provider,
  { issuer, subject }: Pick<ProviderAccount, 'issuer' | 'subject'>,
): Promise<{ connection: Connection; user: User } | undefined> {
  for (const each of importedIssuer === undefined ? [issuer] : [issuer, importedIssuer]) {
    const found = await ctx.db.one(connectionOfSubject, { provider: name, issuer: each, subject })
    if (found) return found
  }
  return undefined
}

const usersOfAddress = query('users_of_address', (q, t) =>
  q
    .select()
    .from(t.users)
    .where(or(eq(t.users.emailNorm, param('normalised')), sql`lower(trim(${t.users.email})) = ${param('folded')}`))
    .orderBy(asc(t.users.createdAt)),
)

/** Everybody whose account has this address, whether or not somebody vouches for it. Throws `DatabaseUnavailable`. */
export const findUsersByEmail = (ctx: Db, email: string): Promise<User[]> =>
  ctx.db.all(usersOfAddress, { normalised: normaliseEmail(email), folded: email.trim().toLowerCase() })

const connectionsOfUser = query('connections_of_user', (q, t) =>
  q
    .select()
    .from(t.oauthConnections)
    .where(eq(t.oauthConnections.userId, param('userId')))
    .orderBy(desc(t.oauthConnections.createdAt), desc(t.oauthConnections.id)),
)

/** Newest first. Throws `DatabaseUnavailable`. */
export const listConnections = (ctx: Db, userId: string): Promise<Connection[]> =>
  ctx.db.all(connectionsOfUser, { userId })

const severedConnection = query('severed_connection', (q, t) =>
  q
    .select({ severedAt: t.severedConnections.severedAt })
    .from(t.severedConnections)
    .where(
      and(
        eq(t.severedConnections.userId, param('userId')),
        eq(t.severedConnections.provider, param('provider')),
        eq(t.severedConnections.issuer, param('issuer')),
        eq(t.severedConnections.providerUserId, param('subject')),
      ),
    ),
)

/** Whether this account was connected to the user once and disconnected. Throws `DatabaseUnavailable`. */
export const isSevered = async (
  ctx: Db,
  userId: string,
  { name }: Provider,
  { issuer, subject }: ProviderAccount,
): Promise<boolean> => (await ctx.db.one(severedConnection, { userId, provider: name, issuer, subject })) !== undefined

const insertRow = write('insert_connection', (q, t) =>
  q.insert(t.oauthConnections).values(rowParameters(t.oauthConnections)),
)

/** No token of the provider is kept: nothing uses one after the profile was read. */
export function newConnection(
  ctx: Pick<Context, 'clock' | 'random'>,
  userId: string,
  provider: Provider,
  account: ProviderAccount,
): { row: Connection; statement: Statement } {
  const at = now(ctx)
  const row: Connection = {
    id: ctx.random.uuid(),
    userId,
    provider: provider.name,
    issuer: account.issuer,
    providerUserId: account.subject,
    ...snapshotOf(account),
    lastUsedAt: at,
    createdAt: at,
    updatedAt: at,
  }
  return { row, statement: run(insertRow, row) }
}

/** What the provider said last. */
export const snapshotOf = (account: ProviderAccount) => ({
  providerUsername: account.username,
  providerEmail: account.email,
  providerEmailVerified: account.emailVerified,
  providerFullName: account.fullName,
  avatarUrl: account.avatarUrl,
})

const updateRow = write('update_connection', (q, t) =>
  q
    .update(t.oauthConnections)
    .set({
      issuer: param('issuer'),
      providerUsername: param('providerUsername'),
      providerEmail: param('providerEmail'),
      providerEmailVerified: param('providerEmailVerified'),
      providerFullName: param('providerFullName'),
      avatarUrl: param('avatarUrl'),
      lastUsedAt: param('now'),
      updatedAt: param('now'),
    })
    .where(eq(t.oauthConnections.id, param('id'))),
)

/** The commit throws `Conflict('connection')` when it was removed meanwhile. */
export const useConnection = (ctx: Pick<Context, 'clock'>, id: string, account: ProviderAccount): Statement =>
  must(updateRow, { id, now: now(ctx), issuer: account.issuer, ...snapshotOf(account) }, 'connection')

const deleteRow = write('delete_connection', (q, t) =>
  q
    .delete(t.oauthConnections)
    .where(and(eq(t.oauthConnections.id, param('id')), eq(t.oauthConnections.userId, param('userId')))),
)

const insertSevered = write('insert_severed_connection', (q, t) =>
  q.insert(t.severedConnections).values(rowParameters(t.severedConnections)).onConflictDoNothing(),
)

/** Removes it, and remembers that it was removed. The commit throws `Conflict('connection')` when it is gone already. */
export const severConnection = (ctx: Pick<Context, 'clock'>, connection: Connection): Statement[] => {
  const { id, userId, provider, issuer, providerUserId } = connection
  return [
    must(deleteRow, { id, userId }, 'connection'),
    run(insertSevered, { userId, provider, issuer, providerUserId, severedAt: now(ctx) }),
  ]
}

const deleteSevered = write('delete_severed_connection', (q, t) =>
  q
    .delete(t.severedConnections)
    .where(
      and(
        eq(t.severedConnections.userId, param('userId')),
        eq(t.severedConnections.provider, param('provider')),
        eq(t.severedConnections.issuer, param('issuer')),
        eq(t.severedConnections.providerUserId, param('subject')),
      ),
    ),
)

/** The user connected it again themselves. */
export const forgetSevered = (userId: string, { name }: Provider, { issuer, subject }: ProviderAccount): Statement =>
  run(deleteSevered, { userId, provider: name, issuer, subject })
