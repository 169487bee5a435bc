/** What an administrator decides: a client that waits, or a change of an approved one. Each decision is one commit. */
import { and, asc, eq } from 'drizzle-orm'
import { audit } from '../audit/audit'
import { type Context, now } from '../context'
import { commit } from '../db/commit'
import { param, query, write } from '../db/definitions'
import { must, type Statement } from '../db/statements'
import { revokeTokensOfClient } from '../tokens/revoke'
import { type Client, findClient } from './clients'
import { type ClientChanges, fieldParameters, secretParameters, secretsFor } from './fields'
import { insertRejection, type Revision } from './revisions'
import { type Actor, asShown, nextVersion, shown } from './shown'

export type { Revision } from './revisions'
export type ReviewContext = Pick<Context, 'db' | 'settings' | 'clock' | 'random' | 'request'>

/** What there is to decide about: a client as it was read, and, for a change of it, the change. */
export interface Subject {
  readonly client: Client
  readonly revision?: Revision
}

const allClients = query('clients_by_age', (q, t) =>
  q.select().from(t.oauthApplications).orderBy(asc(t.oauthApplications.createdAt), asc(t.oauthApplications.clientId)),
)

const waitingClients = query('waiting_clients', (q, t) =>
  q
    .select()
    .from(t.oauthApplications)
    .where(eq(t.oauthApplications.status, 'pending'))
    .orderBy(asc(t.oauthApplications.createdAt), asc(t.oauthApplications.clientId)),
)

const waitingRevisions = query('waiting_revisions', (q, t) =>
  q
    .select({ client: t.oauthApplications, revision: t.clientRevisions })
    .from(t.clientRevisions)
    .innerJoin(t.oauthApplications, eq(t.oauthApplications.clientId, t.clientRevisions.clientId))
    .where(eq(t.clientRevisions.status, 'pending'))
    .orderBy(asc(t.clientRevisions.createdAt), asc(t.clientRevisions.id)),
)

const revisionById = query('revision_by_id', (q, t) =>
  q
    .select()
    .from(t.clientRevisions)
    .where(eq(t.clientRevisions.id, param('id')))
    .limit(1),
)

/** What waits, the longest first: clients, then changes. Throws `DatabaseUnavailable`. */
export async function findWaiting({ db }: Pick<Context, 'db'>): Promise<Subject[]> {
  const clients = await db.all(waitingClients)
  return [...clients.map((client) => ({ client })), ...(await db.all(waitingRevisions))]
}

/** Clients that were decided about. Throws `DatabaseUnavailable`. */
export const findDecided = async ({ db }: Pick<Context, 'db'>): Promise<Client[]> =>
  (await db.all(allClients)).filter(({ status }) => status !== 'pending')

/** By the id of a client, or of a change. Throws `DatabaseUnavailable`. */
export async function findSubject(ctx: Pick<Context, 'db'>, id: string): Promise<Subject | undefined> {
  const client = await findClient(ctx, id)
  if (client) return { client }
  if (id.includes('\0')) return undefined
  const revision = await ctx.db.one(revisionById, { id })
  const changed = revision && (await findClient(ctx, revision.clientId))
  return changed && { client: changed, revision }
}

/** What the client would be with the change. */
export const withProposed = ({ client, revision }: Subject): Client => ({
  ...client,
  ...(revision?.proposed as ClientChanges | undefined),
})

const decideClient = write('decide_client', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({
      status: param('newStatus'),
      version: nextVersion(t.oauthApplications),
      updatedAt: param('now'),
    })
    .where(asShown(t.oauthApplications)),
)

const applyChange = write('apply_approved_change', (q, t) =>
  q
    .update(t.oauthApplications)
    .set({
      ...fieldParameters(),
      ...secretParameters(),
      version: nextVersion(t.oauthApplications),
      updatedAt: param('now'),
    })
    .where(asShown(t.oauthApplications)),
)

const decideRevision = write('decide_revision', (q, t) =>
  q
    .update(t.clientRevisions)
    .set({ status: param('newStatus'), reason: param('reason'), decidedBy: param('by'), decidedAt: param('now') })
    .where(and(eq(t.clientRevisions.id, param('id')), eq(t.clientRevisions.status, 'pending'))),
)

const setStatus = (ctx: ReviewContext, client: Client, newStatus: Client['status']): Statement =>
  must(decideClient, { ...shown(client), newStatus, now: now(ctx) }, 'client')

const closeRevision = (ctx: ReviewContext, { id }: Revision, decision: Pick<Revision, 'reason'> & Decision) =>
  must(decideRevision, { id, ...decision, now: now(ctx) }, 'revision')

interface Decision {
  readonly newStatus: Revision['status']
  readonly by: string
}

/**
 * Makes a waiting client active, or a change part of an active client; what it leaves out stays as it is. A client that
 * becomes confidential has no secret until its owner makes one. Throws `Conflict` when the client or the change
 * is another than was read, and `DatabaseUnavailable`.
 */
export async function approve(ctx: ReviewContext, subject: Subject, by: Actor): Promise<void> {
  const { client, revision } = subject
  const next = withProposed(subject)
  const applied = { ...next, ...secretsFor(client, next.clientType), ...shown(client), now: now(ctx) }
  const decided = revision
    ? [
        must(applyChange, applied, 'client'),
        closeRevision(ctx, revision, { newStatus: 'approved', reason: '', by: by.username }),
      ]
    : [setStatus(ctx, client, 'active')]
  const event = { event: 'CLIENT_APPROVED', action: 'OAuth client approved' } as const
  await commit(ctx, [...decided, ...record(ctx, event, subject, by, {})])
}

/**
 * Makes a waiting client inactive and revokes what it may have had, or drops a change. Its owner reads the reason. Throws `Conflict` when the
 * client or the change is another than was read, and `DatabaseUnavailable`.
 */
export async function reject(ctx: ReviewContext, subject: Subject, by: Actor, reason: string): Promise<void> {
  const { client, revision } = subject
  const decided = revision
    ? [
        setStatus(ctx, client, client.status),
        closeRevision(ctx, revision, { newStatus: 'rejected', reason, by: by.username }),
      ]
    : [
        setStatus(ctx, client, 'inactive'),
        ...revokeTokensOfClient(ctx, client.clientId),
        insertRejection(ctx, client, { reason, by: by.username }),
      ]
  const event = { event: 'CLIENT_REJECTED', action: 'OAuth client rejected' } as const
  await commit(ctx, [...decided, ...record(ctx, event, subject, by, reason === '' ? {} : { reason })])
}

function record(
  ctx: ReviewContext,
  event: { readonly event: 'CLIENT_APPROVED' | 'CLIENT_REJECTED'; readonly action: string },
  { client, revision }: Subject,
  by: Actor,
  details: Readonly<Record<string, unknown>>,
): Statement[] {
  const { clientId, clientName, grantTypes, scopes } = client
  return audit(ctx, {
    ...event,
    actor: by,
    resource: { type: 'CLIENT', id: clientId, name: clientName },
    clientId,
    details: {
      ...{ client_name: clientName, grant_types: grantTypes, scopes },
      ...(revision && { revision_id: revision.id, changes: revision.proposed }),
      ...details,
    },
  })
}
