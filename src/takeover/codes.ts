/** Authorization codes and device codes, redeemable until they expire. */
import { readUserCode } from '../oauth/device/user-code'
import type { ExistingRow } from './existing-tables'
import { fieldsOf } from './fields'
import type { NewRow } from './store'
import { readText } from './values'
import { consentsOf, existingClients, existingUsers, type KnownConsent, pairKey, type Work } from './work'

type AuthorizationCode = NewRow<'authorizationCodes'>
type DeviceCode = NewRow<'deviceCodes'>

const LONG_AGO = new Date(0)

/** What the codes of a batch refer to. */
async function parties(rows: readonly ExistingRow[], work: Work) {
  const pairs = rows.map((row) => ({ userId: readText(row.user_id), clientId: readText(row.client_id) }))
  const [users, clients, consents] = await Promise.all([
    existingUsers(
      work,
      pairs.map(({ userId }) => userId),
    ),
    existingClients(
      work,
      pairs.map(({ clientId }) => clientId),
    ),
    consentsOf(work, pairs),
  ])
  return { users, clients, consents }
}

const GONE = 'its user or its client does not exist'

export async function convertAuthorizationCodes(rows: readonly ExistingRow[], work: Work): Promise<void> {
  const notes = work.report.of('authorization_codes')
  const { users, clients, consents } = await parties(rows, work)
  const codes = rows.flatMap((row) => {
    const uuid = readText(row.uuid).trim()
    const isRedeemable = users.has(readText(row.user_id)) && clients.has(readText(row.client_id)) && uuid !== ''
    if (!isRedeemable) notes.notKept(GONE, uuid || readText(row.id))
    return isRedeemable ? [authorizationCodeOf(row, uuid, consents, work)] : []
  })
  await work.store.insert('authorizationCodes', codes)
  work.report.kept('authorization_codes', codes.length)
}

function authorizationCodeOf(
  row: ExistingRow,
  uuid: string,
  consents: ReadonlyMap<string, KnownConsent>,
  work: Work,
): AuthorizationCode {
  const fields = fieldsOf(row, uuid, work.report.of('authorization_codes'))
  const [userId, clientId] = [fields.text('user_id'), fields.text('client_id')]
  const createdAt = fields.timeOf(['created_at'], work.startedAt)
  return {
    uuid,
    codeHash: fields.text('code_hash').trim(),
    clientId,
    userId,
    authorizationId: consents.get(pairKey({ userId, clientId }))?.uuid ?? null,
    redirectUri: fields.text('redirect_uri'),
    scopes: fields.names('scopes'),
    resource: '',
    codeChallenge: fields.text('code_challenge'),
    codeChallengeMethod: fields.text('code_challenge_method'),
    nonce: fields.text('nonce'),
    authTime: null,
    amr: '',
    sid: '',
    failedAttempts: 0,
    expiresAt: fields.time('expires_at') ?? LONG_AGO,
    usedAt: fields.time('used_at'),
    tokenFamilyId: null,
    createdAt,
  }
}

/** Seconds, where the row names none. */
const POLL_INTERVAL = 5

export async function convertDeviceCodes(rows: readonly ExistingRow[], work: Work): Promise<void> {
  const notes = work.report.of('device_codes')
  const { users, clients, consents } = await parties(rows, work)
  const codes = rows.flatMap((row) => {
    const userId = readText(row.user_id).trim()
    const isRedeemable = clients.has(readText(row.client_id)) && (userId === '' || users.has(userId))
    if (!isRedeemable) notes.notKept(GONE, readText(row.id))
    return isRedeemable ? [deviceCodeOf(row, consents, work)] : []
  })
  await work.store.insert('deviceCodes', codes)
  work.report.kept('device_codes', codes.length)
}

function deviceCodeOf(row: ExistingRow, consents: ReadonlyMap<string, KnownConsent>, work: Work): DeviceCode {
  const id = readText(row.id)
  const fields = fieldsOf(row, id, work.report.of('device_codes'))
  const clientId = fields.text('client_id')
  const userId = fields.name('user_id') ?? null
  const consent = userId === null ? undefined : consents.get(pairKey({ userId, clientId }))
  const createdAt = fields.timeOf(['created_at', 'updated_at'], work.startedAt)
  const isAuthorized = fields.flag('authorized') && userId !== null
  const userCode = fields.text('user_code')
  const interval = Number(fields.text('interval'))
  return {
    id: `imported-${id}`,
    deviceCodeHash: fields.text('device_code_hash'),
    userCodeHash: work.userCode.digest(readUserCode(userCode) ?? userCode),
    importedSalt: fields.text('device_code_salt'),
    importedSuffix: fields.text('device_code_id'),
    clientId,
    scopes: fields.names('scopes'),
    requestIp: '',
    requestUserAgent: '',
    expiresAt: fields.time('expires_at') ?? LONG_AGO,
    pollInterval: Number.isInteger(interval) && interval > 0 ? interval : POLL_INTERVAL,
    lastPolledAt: null,
    userId: isAuthorized ? userId : null,
    authorizationId: isAuthorized && consent?.isActive ? consent.uuid : null,
    authorizedAt: isAuthorized ? fields.timeOf(['authorized_at', 'updated_at'], createdAt) : null,
    deniedAt: null,
    consumedAt: null,
    tokenFamilyId: null,
    createdAt,
  }
}
