/** Access and refresh tokens of any state: live ones go on working, others are kept as evidence until they expire. */
import { isMachineSubject } from '../tokens/claims'
import { familyOf } from '../tokens/refresh-reuse'
import type { ExistingRow } from './existing-tables'
import { fieldsOf } from './fields'
import type { NewRow } from './store'
import { readText } from './values'
import { consentsOf, type KnownConsent, pairKey, type Work } from './work'

type Token = NewRow<'accessTokens'>

export async function convertTokens(rows: readonly ExistingRow[], work: Work): Promise<void> {
  const notes = work.report.of('access_tokens')
  const consents = await consentsOf(
    work,
    rows.map((row) => ({ userId: readText(row.user_id), clientId: readText(row.client_id) })),
  )
  const tokens = rows.flatMap((row) => {
    const token = tokenOf(row, consents, work)
    if (!token) notes.notKept('it has no id or no hash', readText(row.id))
    return token ? [token] : []
  })
  await work.store.insert('accessTokens', tokens)
  const families = tokens.filter((token) => isLiveGrant(token, work)).map((token) => familyOf(work, token, null).family)
  await work.store.insert('tokenFamilies', families, { ifMissing: true })
  work.report.kept('access_tokens', tokens.length)
}

/** No time at all was over at once. */
const LONG_AGO = new Date(0)

function tokenOf(row: ExistingRow, consents: ReadonlyMap<string, KnownConsent>, work: Work): Token | undefined {
  const id = readText(row.id)
  const notes = work.report.of('access_tokens')
  const fields = fieldsOf(row, id, notes)
  const tokenHash = fields.text('token_hash').trim()
  if (id === '' || tokenHash === '') return undefined
  const [userId, clientId] = [fields.text('user_id'), fields.text('client_id')]
  const createdAt = fields.timeOf(['created_at'], work.startedAt)
  const category = fields.text('token_category').trim()
  const isKnown = category === 'access' || category === 'refresh'
  if (!isKnown) notes.changed('token_category has an unknown value; it is a revoked access token', id)
  const status = fields.oneOf('status', ['active', 'disabled', 'revoked'], 'revoked', 'it is revoked')
  const isMachine = isMachineSubject(userId)
  return {
    id,
    tokenHash,
    tokenType: fields.name('token_type') ?? 'Bearer',
    tokenCategory: isKnown ? category : 'access',
    status: isKnown ? status : 'revoked',
    userId,
    clientId,
    scopes: fields.names('scopes'),
    // The rows of users' tokens do not say by which grant they were issued.
    grantType: isMachine ? 'client_credentials' : '',
    expiresAt: fields.time('expires_at') ?? LONG_AGO,
    createdAt,
    updatedAt: createdAt,
    lastUsedAt: fields.time('last_used_at'),
    revokedAt: null,
    // Who disabled it is not in its row: only an administrator enables it again.
    disabledBy: status === 'disabled' ? 'admin' : null,
    parentTokenId: fields.name('parent_token_id') ?? null,
    tokenFamilyId: isMachine ? null : familyId(row, category),
    authorizationId: consentId(row, consents.get(pairKey({ userId, clientId }))),
    authorizationCodeId: null,
    deviceCodeId: null,
    imported: true,
  }
}

/** What hangs together: the family, else the refresh token it was derived from, else what a refresh token begins. */
function familyId(row: ExistingRow, category: string): string | null {
  const linked = readText(row.token_family_id).trim() || readText(row.parent_token_id).trim()
  return linked || (category === 'refresh' ? readText(row.id) : null)
}

/**
 * The consent a token stands on. Tokens of devices and refreshed ones did not name theirs: they stand on the pair's
 * consent if that is in force, so that withdrawing it ends them too.
 */
function consentId(row: ExistingRow, consent: KnownConsent | undefined): string | null {
  if (!consent) return null
  return consent.isActive || readText(row.authorization_id) !== '' ? consent.uuid : null
}

/** A grant that can still be refreshed gets its family now, so that its user sees it and can end it. */
const isLiveGrant = (token: Token, { startedAt }: Work): boolean =>
  token.tokenCategory === 'refresh' &&
  token.status !== 'revoked' &&
  token.tokenFamilyId !== null &&
  token.expiresAt > startedAt
