/** Client records as they are read. */
import { eq } from 'drizzle-orm'
import type { Context } from '../context'
import { param, query } from '../db/definitions'
import type { Tables } from '../db/tables'

export type Client = Tables['oauthApplications']['$inferSelect']

const clientById = query('client_by_id', (q, t) =>
  q
    .select()
    .from(t.oauthApplications)
    .where(eq(t.oauthApplications.clientId, param('clientId')))
    .limit(1),
)

/** Ids are UUIDs, also those taken over from an earlier deployment; nothing longer is looked for. */
const LONGEST_ID = 255

/** The client of any status, read from the database. Throws `DatabaseUnavailable`. */
export async function findClient(ctx: Pick<Context, 'db'>, clientId: string): Promise<Client | undefined> {
  // PostgreSQL stores no NUL; a name with one names nobody.
  if (clientId === '' || clientId.length > LONGEST_ID || clientId.includes('\0')) return undefined
  return await ctx.db.one(clientById, { clientId })
}
