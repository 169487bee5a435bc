/** Names of applications, for pages that tell of many of them by their ids. */
import { inArray } from 'drizzle-orm'
import type { Context } from '../context'
import { param, query } from '../db/definitions'
import { shownName } from '../oauth/client-view'

const AT_ONCE = 20

/** A statement has a fixed number of parameters; those that are not needed hold the id of nobody. */
const namesOfClients = query('names_of_clients', (q, { oauthApplications }) =>
  q
    .select({ id: oauthApplications.clientId, name: oauthApplications.clientName })
    .from(oauthApplications)
    .where(
      inArray(
        oauthApplications.clientId,
        Array.from({ length: AT_ONCE }, (_, i) => param<string>(`id${i}`)),
      ),
    ),
)

/** By id. Applications that are gone, or that have no name that can be read, are missing. */
export async function clientNames(
  ctx: Pick<Context, 'db'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(ids)].filter((id) => id !== '' && !id.includes('\0'))
  const rows = []
  for (let from = 0; from < wanted.length; from += AT_ONCE) {
    const parameters = Array.from({ length: AT_ONCE }, (_, i) => [`id${i}`, wanted[from + i] ?? ''])
    rows.push(...(await ctx.db.all(namesOfClients, Object.fromEntries(parameters))))
  }
  return new Map(rows.map(({ id, name }) => [id, shownName(name)] as const).filter(([, name]) => name !== ''))
}
