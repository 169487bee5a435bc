/** How much waits for a decision of an administrator: new applications, and changes of approved ones. */
import { eq, sql } from 'drizzle-orm'
import { PENDING_COUNT } from '../cache/evicting-writes'
import type { Context } from '../context'
import { query } from '../db/definitions'

const count = sql<number>`count(*)`.mapWith(Number)

const pendingClients = query('waiting_clients', (q, t) =>
  q.select({ count }).from(t.oauthApplications).where(eq(t.oauthApplications.status, 'pending')),
)
const pendingRevisions = query('waiting_revisions', (q, t) =>
  q.select({ count }).from(t.clientRevisions).where(eq(t.clientRevisions.status, 'pending')),
)

/** Throws `DatabaseUnavailable`. */
export async function countWaitingReviews({ db, caches }: Pick<Context, 'db' | 'caches'>): Promise<number> {
  const waiting = await caches.clientCount.get(PENDING_COUNT, async () => {
    const [clients, revisions] = await Promise.all([db.one(pendingClients), db.one(pendingRevisions)])
    return (clients?.count ?? 0) + (revisions?.count ?? 0)
  })
  return waiting ?? 0
}
