/** Accounts at other providers. Their tokens were never used again and are not kept. */
import { withoutSlash } from '../identity/providers/endpoints'
import { normaliseEmail } from '../identity/users'
import type { ExistingRow } from './existing-tables'
import { fieldsOf } from './fields'
import type { NewRow } from './store'
import { readText } from './values'
import { existingUsers, type Work } from './work'

type Connection = NewRow<'oauthConnections'>

export async function convertConnections(rows: readonly ExistingRow[], work: Work): Promise<void> {
  const notes = work.report.of('oauth_connections')
  const [users, verified] = await Promise.all([
    existingUsers(
      work,
      rows.map((row) => readText(row.user_id)),
    ),
    verifiedAddresses(rows, work),
  ])
  const connections = rows.flatMap((row) => {
    const id = readText(row.id)
    if (!users.has(readText(row.user_id))) {
      notes.notKept('its user does not exist', id)
      return []
    }
    const connection = connectionOf(row, verified.get(readText(row.user_id)), work)
    if (!connection) notes.notKept('it has no id, no provider or no account there', id)
    return connection ? [connection] : []
  })
  await work.store.insert('oauthConnections', connections)
  work.report.kept('oauth_connections', connections.length)
}

/** The addresses providers have verified, by user. */
async function verifiedAddresses(rows: readonly ExistingRow[], { store }: Work): Promise<ReadonlyMap<string, string>> {
  const found = await store.ask(
    (k) => `select u.id, u.email from users u where u.email_verified and u.id in (select k.value->>0 from ${k})`,
    rows.map((row) => [readText(row.user_id)]),
  )
  return new Map(found.map(({ id, email }) => [String(id), normaliseEmail(readText(email))]))
}

function connectionOf(row: ExistingRow, verifiedAddress: string | undefined, work: Work): Connection | undefined {
  const id = readText(row.id)
  const notes = work.report.of('oauth_connections')
  const fields = fieldsOf(row, id, notes)
  const provider = fields.name('provider')
  const providerUserId = fields.name('provider_user_id')
  if (id === '' || provider === undefined || providerUserId === undefined) return undefined
  if (fields.text('access_token') !== '' || fields.text('refresh_token') !== '')
    notes.changed('tokens of the provider are not kept; nothing used them', id)
  const issuer = issuerOf(provider, work)
  if (issuer === '' && provider !== 'microsoft')
    notes.changed('the settings do not say where its provider is; nobody signs in by it', id)
  const createdAt = fields.timeOf(['created_at', 'updated_at'], work.startedAt)
  const providerEmail = fields.text('provider_email').trim()
  return {
    id,
    userId: fields.text('user_id'),
    provider,
    issuer,
    providerUserId,
    providerUsername: fields.text('provider_username'),
    providerEmail,
    providerEmailVerified: verifiedAddress !== undefined && normaliseEmail(providerEmail) === verifiedAddress,
    avatarUrl: fields.text('avatar_url'),
    providerFullName: null,
    lastUsedAt: fields.time('last_used_at'),
    createdAt,
    updatedAt: fields.timeOf(['updated_at'], createdAt),
  }
}

const PUBLIC_GITLAB = 'https://gitlab.com'

/**
 * The instance the account is at, which the settings of both deployments name. Empty where they do not: of a Microsoft
 * account the tenant is only known at its next sign-in.
 */
function issuerOf(provider: string, { settings }: Work): string {
  switch (provider) {
    case 'github':
      return withoutSlash(settings.GITHUB_URL)
    case 'gitea':
      return withoutSlash(settings.GITEA_URL)
    case 'gitlab':
      return withoutSlash(settings.GITLAB_URL || PUBLIC_GITLAB)
    default:
      return ''
  }
}
