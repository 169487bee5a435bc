/** Clients: secrets as they are (bcrypt, replaced at first use), switches as they worked. */
import type { ExistingRow } from './existing-tables'
import { fieldsOf } from './fields'
import type { NewRow } from './store'
import { readText } from './values'
import { existingUsers, type Work } from './work'

type Client = NewRow<'oauthApplications'>

export async function convertClients(rows: readonly ExistingRow[], work: Work): Promise<void> {
  const notes = work.report.of('oauth_applications')
  const owners = await existingUsers(
    work,
    rows.map((row) => readText(row.user_id)),
  )
  const clients = rows.flatMap((row) => {
    const client = clientOf(row, owners, work)
    if (!client) notes.notKept('it has no client id', readText(row.id))
    return client ? [client] : []
  })
  await work.store.insert('oauthApplications', clients)
  work.report.kept('oauth_applications', clients.length)
}

function clientOf(row: ExistingRow, owners: ReadonlySet<string>, work: Work): Client | undefined {
  const clientId = readText(row.client_id)
  if (clientId === '') return undefined
  const notes = work.report.of('oauth_applications')
  const fields = fieldsOf(row, clientId, notes)
  const owner = fields.name('user_id')
  if (owner !== undefined && !owners.has(owner)) notes.changed('its owner does not exist; it has none now', clientId)
  const clientType = fields.oneOf(
    'client_type',
    ['confidential', 'public'],
    'confidential',
    'it has to send its secret',
  )
  const status = fields.oneOf('status', ['pending', 'active', 'inactive'], 'inactive', 'it is inactive')
  const createdAt = fields.timeOf(['created_at', 'updated_at'], work.startedAt)
  const userId = owner !== undefined && owners.has(owner) ? owner : null
  return {
    clientId,
    clientSecret: fields.text('client_secret').trim() || null,
    previousClientSecret: null,
    previousSecretExpiresAt: null,
    clientName: fields.text('client_name'),
    description: fields.text('description'),
    clientUri: '',
    userId,
    createdBy: fields.name('created_by') ?? null,
    scopes: fields.names('scopes'),
    ...grantsOf(row, clientId, work),
    redirectUris: redirectUrisOf(row, clientId, work),
    postLogoutRedirectUris: [],
    backchannelLogoutUri: '',
    clientType,
    tokenEndpointAuthMethod: null,
    // Resource servers go on asking about tokens; who registered unasked and was not approved does not.
    allowIntrospection: clientType === 'confidential' && (userId !== null || status === 'active'),
    status,
    tokenProfile: fields.text('token_profile').trim(),
    project: fields.text('project'),
    serviceAccount: fields.text('service_account'),
    origin: 'import',
    registrationTokenHash: null,
    registrationIp: '',
    tokenEpoch: 0,
    version: 1,
    imported: true,
    createdAt,
    updatedAt: fields.timeOf(['updated_at'], createdAt),
  }
}

type Grants = Pick<Client, 'grantTypes' | 'enableDeviceFlow' | 'enableAuthCodeFlow' | 'enableClientCredentialsFlow'>

/** The switches decided what a client could do; the list is written anew from them. */
function grantsOf(row: ExistingRow, clientId: string, work: Work): Grants {
  const notes = work.report.of('oauth_applications')
  const fields = fieldsOf(row, clientId, notes)
  const flags = {
    enableDeviceFlow: fields.flag('enable_device_flow'),
    enableAuthCodeFlow: fields.flag('enable_auth_code_flow'),
    enableClientCredentialsFlow: fields.flag('enable_client_credentials_flow'),
  }
  const listed = fields.names('grant_types').split(' ')
  const on = [
    ...(flags.enableDeviceFlow ? ['device_code'] : []),
    ...(flags.enableAuthCodeFlow ? ['authorization_code'] : []),
    ...(flags.enableClientCredentialsFlow ? ['client_credentials'] : []),
  ]
  if (flags.enableDeviceFlow && !listed.includes('device_code'))
    notes.changed(
      'the device flow was on although it is not in the list of grant types, and stays on; switch it off where it is not used',
      clientId,
    )
  else if (on.join(' ') !== listed.join(' ')) notes.changed('the list of grant types follows the switches', clientId)
  return { grantTypes: on.join(' '), ...flags }
}

function redirectUrisOf(row: ExistingRow, clientId: string, work: Work): string[] {
  const notes = work.report.of('oauth_applications')
  const value = fieldsOf(row, clientId, notes).json('redirect_uris')
  if (value === null) return []
  if (!Array.isArray(value)) {
    notes.changed('the redirect URIs cannot be read; it has none now', clientId)
    return []
  }
  const uris = value.filter((uri) => typeof uri === 'string')
  if (uris.length < value.length) notes.changed('what is no text among the redirect URIs is gone', clientId)
  return uris
}
