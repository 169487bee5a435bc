/** Consents, with their public ids. */
import type { ExistingRow } from './existing-tables'
import { fieldsOf } from './fields'
import type { NewRow } from './store'
import { readText } from './values'
import { existingClients, existingUsers, type Work } from './work'

type Consent = NewRow<'userAuthorizations'>

export async function convertConsents(rows: readonly ExistingRow[], work: Work): Promise<void> {
  const notes = work.report.of('user_authorizations')
  const [users, clients] = await Promise.all([
    existingUsers(
      work,
      rows.map((row) => readText(row.user_id)),
    ),
    existingClients(
      work,
      rows.map((row) => readText(row.client_id)),
    ),
  ])
  const consents = rows.flatMap((row) => {
    const uuid = readText(row.uuid).trim()
    if (users.has(readText(row.user_id)) && clients.has(readText(row.client_id)) && uuid !== '')
      return [consentOf(row, uuid, work)]
    notes.notKept('its user or its client does not exist', uuid || readText(row.id))
    return []
  })
  await work.store.insert('userAuthorizations', consents)
  work.report.kept('user_authorizations', consents.length)
}

function consentOf(row: ExistingRow, uuid: string, work: Work): Consent {
  const fields = fieldsOf(row, uuid, work.report.of('user_authorizations'))
  const createdAt = fields.timeOf(['created_at', 'granted_at', 'updated_at'], work.startedAt)
  const updatedAt = fields.timeOf(['updated_at'], createdAt)
  const isActive = fields.flag('is_active')
  const scopes = fields.names('scopes')
  return {
    uuid,
    userId: fields.text('user_id'),
    clientId: fields.text('client_id'),
    scopes,
    // Until now one consent served the consent page and devices alike.
    webScopes: scopes,
    grantedAt: fields.timeOf(['granted_at'], createdAt),
    revokedAt: isActive ? null : fields.timeOf(['revoked_at'], updatedAt),
    isActive,
    tokenEpoch: 0,
    createdAt,
    updatedAt,
  }
}
