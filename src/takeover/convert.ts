/** Converts every table, in batches, inside the transaction of its store. */
import { FIRST_START } from '../seed/seed'
import { convertAuditRows } from './audit-rows'
import { convertClients } from './clients'
import { convertAuthorizationCodes, convertDeviceCodes } from './codes'
import { convertConnections } from './connections'
import { convertConsents } from './consents'
import { type ExistingRow, type ExistingTable, existingTables } from './existing-tables'
import type { TellProgress } from './progress'
import type { NewTable } from './store'
import { convertTokens } from './tokens'
import { convertUsers } from './users'
import type { Work } from './work'

interface Conversion {
  readonly into: NewTable
  convert(rows: readonly ExistingRow[], work: Work): Promise<void>
}

const CONVERSIONS: Readonly<Record<ExistingTable, Conversion>> = {
  users: { into: 'users', convert: convertUsers },
  oauth_applications: { into: 'oauthApplications', convert: convertClients },
  oauth_connections: { into: 'oauthConnections', convert: convertConnections },
  user_authorizations: { into: 'userAuthorizations', convert: convertConsents },
  access_tokens: { into: 'accessTokens', convert: convertTokens },
  authorization_codes: { into: 'authorizationCodes', convert: convertAuthorizationCodes },
  device_codes: { into: 'deviceCodes', convert: convertDeviceCodes },
  audit_logs: { into: 'auditLogs', convert: convertAuditRows },
}

/** Throws when a row got lost on the way, so that nothing is committed then. */
export async function convertAll(work: Work, tell: TellProgress): Promise<void> {
  const { store, report } = work
  let total = 0
  for (const table of existingTables) {
    const rows = await store.count(table)
    report.found(table, rows)
    total += rows
  }
  let done = 0
  for (const table of existingTables) {
    await tell({ step: `converting ${table}`, done, total })
    for await (const rows of store.batches(table)) {
      await CONVERSIONS[table].convert(rows, work)
      done += rows.length
      await tell({ step: `converting ${table}`, done, total })
    }
  }
  await requireComplete(work)
  // The first accounts are made once in the life of a deployment, and these were.
  if ((await store.countNew('users')) > 0) await store.insert('seedState', [{ name: FIRST_START, at: work.startedAt }])
}

async function requireComplete({ store, report }: Work): Promise<void> {
  for (const { table, found, kept, notKept } of report.report([]).tables) {
    const left = notKept.reduce((sum, { rows }) => sum + rows, 0)
    const written = await store.countNew(CONVERSIONS[table].into)
    if (written !== kept || kept + left !== found)
      throw new Error(`${table}: of ${found} rows ${written} were converted and ${left} reported`)
  }
}
