import type { Kit } from '../kit'
import type { makeClientTables } from './clients'
import type { makeUserTables } from './users'

/** Codes that wait for their redemption. Only hashes are stored. */
export function makeCodeTables(
  k: Kit,
  { users }: ReturnType<typeof makeUserTables>,
  { oauthApplications }: ReturnType<typeof makeClientTables>,
) {
  const deviceCodes = k.table(
    'device_codes',
    {
      id: k.text('id').primaryKey(),
      deviceCodeHash: k.text('device_code_hash').notNull(),
      userCodeHash: k.text('user_code_hash').notNull(),
      /** Only in imported rows, whose hash is salted and found by the last eight characters of the code. */
      importedSalt: k.text('imported_salt'),
      importedSuffix: k.text('imported_suffix'),
      clientId: k
        .text('client_id')
        .notNull()
        .references(() => oauthApplications.clientId, { onDelete: 'cascade' }),
      scopes: k.text('scopes').notNull(),
      requestIp: k.text('request_ip').notNull(),
      requestUserAgent: k.text('request_user_agent').notNull(),
      expiresAt: k.time('expires_at').notNull(),
      /** Seconds between polls. */
      pollInterval: k.int('poll_interval').notNull(),
      lastPolledAt: k.time('last_polled_at'),
      userId: k.text('user_id').references(() => users.id, { onDelete: 'cascade' }),
      authorizationId: k.text('authorization_id'),
      authorizedAt: k.time('authorized_at'),
      deniedAt: k.time('denied_at'),
      consumedAt: k.time('consumed_at'),
      /** Family of the tokens it was redeemed for. */
      tokenFamilyId: k.text('token_family_id'),
      createdAt: k.time('created_at').notNull(),
    },
    (t) => [
      k.unique('device_codes_device_code_hash').on(t.deviceCodeHash),
      k.unique('device_codes_user_code_hash').on(t.userCodeHash),
      k.index('device_codes_imported_suffix').on(t.importedSuffix),
      k.index('device_codes_client').on(t.clientId, t.requestIp),
      k.index('device_codes_user').on(t.userId),
      k.index('device_codes_expires').on(t.expiresAt),
    ],
  )

  const authorizationCodes = k.table(
    'authorization_codes',
    {
      uuid: k.text('uuid').primaryKey(),
      codeHash: k.text('code_hash').notNull(),
      clientId: k
        .text('client_id')
        .notNull()
        .references(() => oauthApplications.clientId, { onDelete: 'cascade' }),
      userId: k
        .text('user_id')
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      authorizationId: k.text('authorization_id'),
      redirectUri: k.text('redirect_uri').notNull(),
      scopes: k.text('scopes').notNull(),
      resource: k.text('resource').notNull(),
      codeChallenge: k.text('code_challenge').notNull(),
      codeChallengeMethod: k.text('code_challenge_method').notNull(),
      nonce: k.text('nonce').notNull(),
      /** When the user logged in, not when the code was made. */
      authTime: k.time('auth_time'),
      amr: k.text('amr').notNull(),
      /** Public id of the browser session. */
      sid: k.text('sid').notNull(),
      failedAttempts: k.int('failed_attempts').notNull(),
      expiresAt: k.time('expires_at').notNull(),
      usedAt: k.time('used_at'),
      tokenFamilyId: k.text('token_family_id'),
      createdAt: k.time('created_at').notNull(),
    },
    (t) => [
      k.unique('authorization_codes_code_hash').on(t.codeHash),
      k.index('authorization_codes_user_client').on(t.userId, t.clientId),
      k.index('authorization_codes_client').on(t.clientId),
      k.index('authorization_codes_expires').on(t.expiresAt),
    ],
  )

  return { deviceCodes, authorizationCodes }
}
