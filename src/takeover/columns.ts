/** The columns of the tables that are written, for SQL that is built once. */
import { getTableColumns, type Table } from 'drizzle-orm'
import type { Kit } from '../db/kit'
import { makeTables } from '../db/tables'
import type { NewTable } from './store'

export interface NewColumns {
  readonly table: string
  readonly columns: readonly {
    readonly property: string
    readonly name: string
    encode(value: unknown): unknown
  }[]
}

const TABLES: Readonly<Record<NewTable, string>> = {
  users: 'users',
  oauthApplications: 'oauth_applications',
  oauthConnections: 'oauth_connections',
  userAuthorizations: 'user_authorizations',
  accessTokens: 'access_tokens',
  tokenFamilies: 'token_families',
  authorizationCodes: 'authorization_codes',
  deviceCodes: 'device_codes',
  auditLogs: 'audit_logs',
  seedState: 'seed_state',
}

/** By table; `encode` gives what the driver of the kit takes. */
export function newColumns(kit: Kit): (table: NewTable) => NewColumns {
  const tables = makeTables(kit)
  const known = new Map<NewTable, NewColumns>()
  return (table) => {
    let found = known.get(table)
    if (!found) {
      const columns = Object.entries(getTableColumns(tables[table] as Table)).map(([property, column]) => ({
        property,
        name: column.name,
        encode: (value: unknown) => (value === null ? null : column.mapToDriverValue(value)),
      }))
      found = { table: TABLES[table], columns }
      known.set(table, found)
    }
    return found
  }
}
