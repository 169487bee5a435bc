/** Taking a connected account at a provider away from a user. */
import { and, eq } from 'drizzle-orm'
import { audit } from '../../audit/audit'
import { now, type RequestContext } from '../../context'
import { rowsChanged } from '../../db/changed-rows'
import { Conflict, commit } from '../../db/commit'
import { param, write } from '../../db/definitions'
import { must, type Statement } from '../../db/statements'
import { anotherAdministrator, queueUp } from '../../users/administrators'
import { UserRefused } from '../../users/refused'
import { canSignIn } from '../can-sign-in'
import { endSessionsOfProvider } from '../session-records'
import { addFlash, type BrowserSession } from '../sessions'
import { findUser, type User } from '../users'
import { addressStanding } from './address'
import { type Connection, listConnections, severConnection } from './records'

export interface Disconnect {
  /** Who asks for it. Their own session goes on. */
  readonly session: BrowserSession
  readonly userId: string
  readonly connectionId: string
  /** Also when the user cannot sign in any more afterwards. */
  readonly force: boolean
  /** Shown on the next page. */
  readonly message: (connection: Connection, sessionsEnded: number) => string
}

export type DisconnectOutcome = 'disconnected' | 'not_found' | 'last_method'

const MOST_ATTEMPTS = 5

/** Throws `DatabaseUnavailable`. */
export async function disconnectAccount(ctx: RequestContext, request: Disconnect): Promise<DisconnectOutcome> {
  for (let attempt = 1; ; attempt++) {
    const user = await findUser(ctx, request.userId)
    const before = user ? await listConnections(ctx, user.id) : []
    const connection = before.find(({ id }) => id === request.connectionId)
    if (!user || !connection) return 'not_found'
    const after = before.filter(({ id }) => id !== connection.id)
    const isLastMethod = !canSignIn(ctx, user, after)
    if (isLastMethod && !request.force) return 'last_method'
    try {
      const standing = addressStanding(user, before, after)
      // Whoever forces it must not leave the server without an administrator.
      const guards = isLastMethod ? [queueUp(), ...(await anotherAdministrator(ctx, user))] : []
      await commitDisconnect(ctx, request, { user, connection, standing, guards })
      return 'disconnected'
    } catch (error) {
      if (error instanceof UserRefused) return 'last_method'
      if (attempt === MOST_ATTEMPTS || !(error instanceof Conflict)) throw error
    }
  }
}

/** Of two that are disconnected at once the second finds another version, and looks again what is left. */
const setStanding = write('set_address_standing', (q, t) =>
  q
    .update(t.users)
    .set({
      emailVerified: param('emailVerified'),
      emailVouchedBy: param('emailVouchedBy'),
      emailNorm: param('emailNorm'),
      version: param('nextVersion'),
      updatedAt: param('now'),
    })
    .where(and(eq(t.users.id, param('id')), eq(t.users.version, param('version')))),
)

interface Disconnection {
  readonly user: User
  readonly connection: Connection
  readonly standing: ReturnType<typeof addressStanding>
  /** What has to hold besides, at the commit. */
  readonly guards: readonly Statement[]
}

async function commitDisconnect(
  ctx: RequestContext,
  { session, message }: Disconnect,
  { user, connection, standing, guards }: Disconnection,
): Promise<void> {
  const { id, version } = user
  const endings = endSessionsOfProvider(ctx, { userId: id, idp: connection.provider, except: session.idHash })
  const statements = [
    ...guards,
    must(setStanding, { ...standing, id, version, nextVersion: version + 1, now: now(ctx) }, 'user'),
    ...severConnection(ctx, connection),
    ...endings,
    ...auditDisconnect(ctx, session, connection),
  ]
  const changed = await commit(ctx, statements)
  const ended = rowsChanged(statements, changed, 'delete_sessions_of_provider')
  if (ended > 0) ctx.metrics.count('sessions_expired_total', { reason: 'admin' }, ended)
  await commit(ctx, [addFlash(session, message(connection, ended))])
}

const auditDisconnect = (ctx: RequestContext, { user }: BrowserSession, connection: Connection): Statement[] => {
  const { id, userId, provider, providerUsername } = connection
  return audit(ctx, {
    event: 'OAUTH_CONNECTION_DELETED',
    action: userId === user.id ? 'OAuth connection removed by user' : 'OAuth connection removed by admin',
    severity: 'WARNING',
    actor: { id: user.id, username: user.username },
    resource: { type: 'USER', id: userId, name: `${provider}:${providerUsername}` },
    details: { provider, provider_username: providerUsername, connection_id: id },
  })
}
