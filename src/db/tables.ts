/** The logical schema, built for one of the two databases by the column kit. */
import type { Kit } from './kit'
import { makeAuditSealTables } from './tables/audit-seals'
import { makeBrowserTables } from './tables/browser'
import { makeClientTables } from './tables/clients'
import { makeCodeTables } from './tables/codes'
import { makeLogoutTables } from './tables/logout'
import { makeOperationTables } from './tables/operations'
import { makeTokenTables } from './tables/tokens'
import { makeUserTables } from './tables/users'

export function makeTables(k: Kit) {
  const userTables = makeUserTables(k)
  const clientTables = makeClientTables(k, userTables)
  return {
    ...userTables,
    ...clientTables,
    ...makeCodeTables(k, userTables, clientTables),
    ...makeTokenTables(k),
    ...makeBrowserTables(k, userTables),
    ...makeLogoutTables(k),
    ...makeOperationTables(k),
    ...makeAuditSealTables(k),
  }
}

export type Tables = ReturnType<typeof makeTables>
