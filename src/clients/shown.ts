/** Changes that only happen to a client that still is what the person saw who makes them. */
import { and, eq, sql } from 'drizzle-orm'
import type { Context } from '../context'
import { Conflict, commit } from '../db/commit'
import { param } from '../db/definitions'
import type { Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import type { Client } from './clients'
import { ClientRefused } from './refused'

type Applications = Tables['oauthApplications']

/** Who changes a client. */
export interface Actor {
  readonly id: string
  readonly username: string
}

export const asShown = (table: Applications) =>
  and(
    eq(table.clientId, param('shownId')),
    eq(table.version, param('shownVersion')),
    eq(table.status, param('shownStatus')),
  )

/** The parameters of `asShown`. */
export const shown = ({ clientId, version, status }: Pick<Client, 'clientId' | 'version' | 'status'>) => ({
  shownId: clientId,
  shownVersion: version,
  shownStatus: status,
})

/** For `set` of an update: what was shown before it is outdated after it. */
export const nextVersion = (table: Applications) => sql`${table.version} + 1`

const REFUSALS = { owner: 'owner_gone', limit: 'too_many' } as const

/** Commits, and says in the words of this domain what did not hold. Throws `ClientRefused` and `DatabaseUnavailable`. */
export async function commitClient(ctx: Pick<Context, 'db'>, statements: readonly Statement[]): Promise<number[]> {
  try {
    return await commit(ctx, statements)
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    throw new ClientRefused(REFUSALS[error.label as keyof typeof REFUSALS] ?? 'changed_meanwhile')
  }
}
