/** What the conversion of every table is given. */
import type { Settings } from '../config/settings'
import type { KeyedDigest } from '../secrets'
import type { ReportWriter } from './report'
import type { TakeoverStore } from './store'

export interface Work {
  readonly store: TakeoverStore
  readonly report: ReportWriter
  readonly settings: Pick<Settings, 'REFRESH_TOKEN_EXPIRATION_MAX' | 'GITHUB_URL' | 'GITEA_URL' | 'GITLAB_URL'>
  /** The form in which user codes are stored. */
  readonly userCode: KeyedDigest
  readonly startedAt: Date
}

/** Which of the values exist in a column of a new table. */
async function existing(
  { store }: Work,
  column: { readonly table: 'users' | 'oauth_applications'; readonly name: string },
  values: readonly string[],
): Promise<ReadonlySet<string>> {
  const keys = [...new Set(values)].map((value) => [value])
  const rows = await store.ask(
    (k) => `select ${column.name} as value from ${column.table} where ${column.name} in (select k.value->>0 from ${k})`,
    keys,
  )
  return new Set(rows.map(({ value }) => String(value)))
}

export const existingUsers = (work: Work, ids: readonly string[]): Promise<ReadonlySet<string>> =>
  existing(work, { table: 'users', name: 'id' }, ids)

export const existingClients = (work: Work, ids: readonly string[]): Promise<ReadonlySet<string>> =>
  existing(work, { table: 'oauth_applications', name: 'client_id' }, ids)

export interface KnownConsent {
  readonly uuid: string
  readonly isActive: boolean
}

/** The consents of pairs of user and client, by `pairKey`. */
export async function consentsOf(
  { store }: Work,
  pairs: readonly { readonly userId: string; readonly clientId: string }[],
): Promise<ReadonlyMap<string, KnownConsent>> {
  const unique = new Map(pairs.map((pair) => [pairKey(pair), [pair.userId, pair.clientId]]))
  const rows = await store.ask(
    (k) =>
      `select a.user_id, a.client_id, a.uuid, a.is_active from ${k} join user_authorizations a on a.user_id = k.value->>0 and a.client_id = k.value->>1`,
    [...unique.values()],
  )
  return new Map(
    rows.map((row) => [
      pairKey({ userId: String(row.user_id), clientId: String(row.client_id) }),
      { uuid: String(row.uuid), isActive: Boolean(row.is_active) },
    ]),
  )
}

export const pairKey = ({ userId, clientId }: { readonly userId: string; readonly clientId: string }): string =>
  JSON.stringify([userId, clientId])
