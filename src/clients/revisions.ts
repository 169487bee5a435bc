/** Changes that wait for an administrator, and what was decided about a client and its changes. */
import { and, desc, eq, inArray } from 'drizzle-orm'
import { type Context, now } from '../context'
import { param, query, rowParameters, write } from '../db/definitions'
import { run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import type { Client } from './clients'
import type { ClientChanges } from './fields'

export type Revision = Tables['clientRevisions']['$inferSelect']

type RowContext = Pick<Context, 'clock' | 'random'>

const insertRevision = write('insert_client_revision', (q, t) =>
  q.insert(t.clientRevisions).values(rowParameters(t.clientRevisions)),
)

const newRevision = (ctx: RowContext, clientId: string): Revision => ({
  id: ctx.random.orderedUuid(),
  clientId,
  proposed: {},
  proposedBy: '',
  status: 'pending',
  reason: '',
  decidedBy: null,
  decidedAt: null,
  createdAt: now(ctx),
})

/** `by` is a user id, or `client:<client_id>`. */
export const insertProposal = (
  ctx: RowContext,
  proposal: { readonly clientId: string; readonly by: string; readonly proposed: ClientChanges },
): Statement => {
  const { clientId, by, proposed } = proposal
  return run(insertRevision, { ...newRevision(ctx, clientId), proposed, proposedBy: by })
}

/** A decision about the client itself, not about a change of it: it proposes nothing. */
export const insertRejection = (
  ctx: RowContext,
  { clientId, userId }: Client,
  { reason, by }: { readonly reason: string; readonly by: string },
): Statement =>
  run(insertRevision, {
    ...newRevision(ctx, clientId),
    proposedBy: userId ?? '',
    status: 'rejected',
    reason,
    decidedBy: by,
    decidedAt: now(ctx),
  })

const dropPending = write('drop_pending_revisions', (q, t) =>
  q
    .delete(t.clientRevisions)
    .where(and(eq(t.clientRevisions.clientId, param('clientId')), eq(t.clientRevisions.status, 'pending'))),
)

/** Takes back whatever waits, whoever proposed it. */
export const dropProposals = ({ clientId }: Pick<Client, 'clientId'>): Statement => run(dropPending, { clientId })

const pendingRevision = query('pending_revision_of_client', (q, t) =>
  q
    .select()
    .from(t.clientRevisions)
    .where(and(eq(t.clientRevisions.clientId, param('clientId')), eq(t.clientRevisions.status, 'pending')))
    .orderBy(desc(t.clientRevisions.createdAt), desc(t.clientRevisions.id))
    .limit(1),
)

/** The change that waits. Throws `DatabaseUnavailable`. */
export const findPending = ({ db }: Pick<Context, 'db'>, clientId: string): Promise<Revision | undefined> =>
  db.one(pendingRevision, { clientId })

const lastDecision = query('last_decision_about_client', (q, t) =>
  q
    .select()
    .from(t.clientRevisions)
    .where(
      and(
        eq(t.clientRevisions.clientId, param('clientId')),
        inArray(t.clientRevisions.status, ['approved', 'rejected']),
      ),
    )
    .orderBy(desc(t.clientRevisions.decidedAt), desc(t.clientRevisions.id))
    .limit(1),
)

/** The newest decision about a change, or refusal of the client. Throws `DatabaseUnavailable`. */
export const findLastDecision = ({ db }: Pick<Context, 'db'>, clientId: string): Promise<Revision | undefined> =>
  db.one(lastDecision, { clientId })

const MOST_DECISIONS = 20

const decisions = query('decisions_about_client', (q, t) =>
  q
    .select()
    .from(t.clientRevisions)
    .where(
      and(
        eq(t.clientRevisions.clientId, param('clientId')),
        inArray(t.clientRevisions.status, ['approved', 'rejected']),
      ),
    )
    .orderBy(desc(t.clientRevisions.decidedAt), desc(t.clientRevisions.id))
    .limit(MOST_DECISIONS),
)

/** The latest decisions, newest first. Throws `DatabaseUnavailable`. */
export const listDecisions = ({ db }: Pick<Context, 'db'>, clientId: string): Promise<Revision[]> =>
  db.all(decisions, { clientId })

export const proposedChanges = ({ proposed }: Revision): ClientChanges => proposed as ClientChanges
