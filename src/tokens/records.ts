/** The rows of tokens and families, and the conditions under which one may be written. */
import { and, eq, gt, isNull } from 'drizzle-orm'
import { param, query, rowParameters, write } from '../db/definitions'
import { guard, must, run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import type { DescribedUser } from '../identity/user-claims'

export type TokenRow = Tables['accessTokens']['$inferSelect']
export type FamilyRow = Tables['tokenFamilies']['$inferSelect']

/** Grant types as stored in a token's row: the grant its lineage began with. */
export type GrantType = 'authorization_code' | 'device_code' | 'client_credentials'

type Client = Tables['oauthApplications']['$inferSelect']
type User = Tables['users']['$inferSelect']
type Consent = Tables['userAuthorizations']['$inferSelect']

/** What issuance needs to know of a client, as it was read. */
export type IssuingClient = Pick<Client, 'clientId' | 'tokenProfile' | 'project' | 'serviceAccount' | 'tokenEpoch'>
export type IssuingUser = Pick<User, 'id' | 'tokenEpoch'> & DescribedUser
export type IssuingConsent = Pick<Consent, 'uuid' | 'tokenEpoch'>

const insertTokenRow = write('insert_token', (q, t) => q.insert(t.accessTokens).values(rowParameters(t.accessTokens)))

const insertFamilyRow = write('insert_token_family', (q, t) =>
  q.insert(t.tokenFamilies).values(rowParameters(t.tokenFamilies)),
)

const insertMissingFamilyRow = write('insert_missing_token_family', (q, t) =>
  q.insert(t.tokenFamilies).values(rowParameters(t.tokenFamilies)).onConflictDoNothing(),
)

export const insertToken = (row: TokenRow): Statement => run(insertTokenRow, row)
export const insertFamily = (row: FamilyRow): Statement => run(insertFamilyRow, row)
export const insertMissingFamily = (row: FamilyRow): Statement => run(insertMissingFamilyRow, row)

const activeUser = query('active_user_at_epoch', (q, t) =>
  q
    .select({ id: t.users.id })
    .from(t.users)
    .where(and(eq(t.users.id, param('id')), eq(t.users.isActive, true), eq(t.users.tokenEpoch, param('epoch')))),
)

const activeClient = (grantType: GrantType | 'any') =>
  query(`active_client_at_epoch_${grantType}`, (q, t) => {
    const flow = {
      authorization_code: eq(t.oauthApplications.enableAuthCodeFlow, true),
      device_code: eq(t.oauthApplications.enableDeviceFlow, true),
      client_credentials: eq(t.oauthApplications.enableClientCredentialsFlow, true),
      any: undefined,
    }[grantType]
    return q
      .select({ id: t.oauthApplications.clientId })
      .from(t.oauthApplications)
      .where(
        and(
          eq(t.oauthApplications.clientId, param('id')),
          eq(t.oauthApplications.status, 'active'),
          eq(t.oauthApplications.tokenEpoch, param('epoch')),
          flow,
        ),
      )
  })

const activeClientFor = {
  authorization_code: activeClient('authorization_code'),
  device_code: activeClient('device_code'),
  client_credentials: activeClient('client_credentials'),
  any: activeClient('any'),
}

const activeConsent = query('active_consent_at_epoch', (q, t) =>
  q
    .select({ id: t.userAuthorizations.uuid })
    .from(t.userAuthorizations)
    .where(
      and(
        eq(t.userAuthorizations.uuid, param('id')),
        eq(t.userAuthorizations.isActive, true),
        eq(t.userAuthorizations.tokenEpoch, param('epoch')),
      ),
    ),
)

export const isGrantType = (value: string): value is GrantType =>
  value === 'authorization_code' || value === 'device_code' || value === 'client_credentials'

/**
 * User, client and consent still are what the issuing request read: present, active, the flow switched on, and no bulk
 * revocation since. They are checked inside the issuing transaction, so nothing minted beside a revocation survives it.
 * Conflict labels: `user`, `client`, `consent`.
 */
export function issuanceGuards(parties: {
  client: IssuingClient
  user?: Pick<User, 'id' | 'tokenEpoch'>
  consent?: IssuingConsent
  /** An unknown value (rows taken over from an earlier deployment) requires no particular flow. */
  grantType: string
}): Statement[] {
  const { client, user, consent, grantType } = parties
  const flow = isGrantType(grantType) ? grantType : 'any'
  const guards = [guard(activeClientFor[flow], { id: client.clientId, epoch: client.tokenEpoch }, 'client')]
  if (user) guards.unshift(guard(activeUser, { id: user.id, epoch: user.tokenEpoch }, 'user'))
  if (consent) guards.push(guard(activeConsent, { id: consent.uuid, epoch: consent.tokenEpoch }, 'consent'))
  return guards
}

const touchLiveFamily = write('touch_live_family', (q, t) =>
  q
    .update(t.tokenFamilies)
    .set({ lastUsedAt: param('now') })
    .where(
      and(
        eq(t.tokenFamilies.id, param('id')),
        isNull(t.tokenFamilies.revokedAt),
        gt(t.tokenFamilies.expiresAt, param('now')),
      ),
    ),
)

/** The family is neither revoked nor past its end; one statement that checks, locks and notes the use. */
export const touchFamily = (id: string, now: Date): Statement => must(touchLiveFamily, { id, now }, 'family')
