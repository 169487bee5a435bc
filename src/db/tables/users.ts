import { sql } from 'drizzle-orm'
import { folded, restAfter } from '../folded-text'
import type { Kit } from '../kit'

export function makeUserTables(k: Kit) {
  const users = k.table(
    'users',
    {
      id: k.text('id').primaryKey(),
      username: k.text('username').notNull(),
      /** Trimmed, NFKC, lower case. Null for all but the oldest of imported names that collide. */
      usernameNorm: k.text('username_norm'),
      email: k.text('email').notNull(),
      /** Null while nobody vouches for the address, and for all but the oldest of imported addresses that collide. */
      emailNorm: k.text('email_norm'),
      passwordHash: k.text('password_hash').notNull(),
      role: k.oneOf('role', ['admin', 'user']).notNull(),
      fullName: k.text('full_name').notNull(),
      avatarUrl: k.text('avatar_url').notNull(),
      isActive: k.bool('is_active').notNull(),
      emailVerified: k.bool('email_verified').notNull(),
      /** Who vouches for the address: `admin`, `http_api`, or the id of an OAuth connection. */
      emailVouchedBy: k.text('email_vouched_by'),
      externalId: k.text('external_id'),
      authSource: k.text('auth_source').notNull(),
      mustChangePassword: k.bool('must_change_password').notNull(),
      language: k.text('language'),
      /** Sealed secret of the authenticator app; null = there is none. */
      totpSecret: k.text('totp_secret'),
      /** The time step of the last code that was used: none is good twice. */
      totpLastStep: k.int('totp_last_step'),
      /** How many rows of `passkeys` are the user's; written together with them. */
      passkeyCount: k.int('passkey_count').notNull().default(0),
      lastLoginAt: k.time('last_login_at'),
      /** Raised before the user's tokens are revoked in bulk; an issuance that read an older value fails. */
      tokenEpoch: k.int('token_epoch').notNull(),
      /** Raised by every edit, so that a change made from a stale copy is refused. */
      version: k.int('version').notNull(),
      imported: k.bool('imported').notNull(),
      createdAt: k.time('created_at').notNull(),
      updatedAt: k.time('updated_at').notNull(),
    },
    (t) => [
      k.unique('users_username_norm').on(t.usernameNorm),
      k.unique('users_email_norm').on(t.emailNorm),
      k.unique('users_external').on(t.authSource, t.externalId).where(sql`${t.externalId} is not null`),
      k.index('users_username').on(t.username),
      k.index('users_email').on(t.email),
      k.index('users_email_folded').on(sql`lower(trim(${t.email}))`),
      // What a search by beginnings goes through.
      k.index('users_search_username').on(folded(k.dialect, t.username)),
      k.index('users_search_email').on(folded(k.dialect, t.email)),
      k.index('users_search_domain').on(folded(k.dialect, restAfter(k.dialect, t.email, '@'))),
      k.index('users_search_name').on(folded(k.dialect, t.fullName)),
      k.index('users_search_second_name').on(folded(k.dialect, restAfter(k.dialect, t.fullName, ' '))),
      k.index('users_created').on(t.createdAt, t.id),
      k.index('users_role').on(t.role, t.createdAt, t.id),
      k.index('users_active').on(t.isActive, t.createdAt, t.id),
      k.index('users_source').on(t.authSource, t.createdAt, t.id),
    ],
  )

  const oauthConnections = k.table(
    'oauth_connections',
    {
      id: k.text('id').primaryKey(),
      userId: k
        .text('user_id')
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      provider: k.text('provider').notNull(),
      issuer: k.text('issuer').notNull(),
      providerUserId: k.text('provider_user_id').notNull(),
      providerUsername: k.text('provider_username').notNull(),
      providerEmail: k.text('provider_email').notNull(),
      providerEmailVerified: k.bool('provider_email_verified').notNull(),
      avatarUrl: k.text('avatar_url').notNull(),
      /** The name the provider gave last; a user's name that differs from it was edited here. */
      providerFullName: k.text('provider_full_name'),
      lastUsedAt: k.time('last_used_at'),
      createdAt: k.time('created_at').notNull(),
      updatedAt: k.time('updated_at').notNull(),
    },
    (t) => [
      k.unique('oauth_connections_subject').on(t.provider, t.issuer, t.providerUserId),
      k.unique('oauth_connections_user').on(t.userId, t.provider, t.issuer),
    ],
  )

  /** One-time codes for who has lost the authenticator app. A used one is deleted. */
  const recoveryCodes = k.table(
    'recovery_codes',
    {
      /** SHA-256 of user and code. */
      codeHash: k.text('code_hash').primaryKey(),
      userId: k
        .text('user_id')
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      createdAt: k.time('created_at').notNull(),
    },
    (t) => [k.index('recovery_codes_user').on(t.userId)],
  )

  const passkeys = k.table(
    'passkeys',
    {
      id: k.text('id').primaryKey(),
      userId: k
        .text('user_id')
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      /** Chosen by the authenticator; base64url. */
      credentialId: k.text('credential_id').notNull(),
      /** COSE key; base64url. */
      publicKey: k.text('public_key').notNull(),
      /** What the person was named to the authenticator as; base64url, the same for all passkeys of a person. */
      userHandle: k.text('user_handle').notNull(),
      /** Signatures made, as the authenticator counts them; 0 where it does not. */
      counter: k.int('counter').notNull(),
      /** How browsers reach the authenticator: `internal`, `hybrid`, `usb`, … */
      transports: k.json<string[]>('transports').notNull(),
      /** The model of the authenticator, a UUID. */
      aaguid: k.text('aaguid').notNull(),
      /** May be copied to other devices, and has been. */
      backupEligible: k.bool('backup_eligible').notNull(),
      backedUp: k.bool('backed_up').notNull(),
      /** Given by the person. */
      name: k.text('name').notNull(),
      createdAt: k.time('created_at').notNull(),
      lastUsedAt: k.time('last_used_at'),
    },
    (t) => [k.unique('passkeys_credential').on(t.credentialId), k.index('passkeys_user').on(t.userId)],
  )

  /** Names of deleted users: other systems and old records still mean those people by them. */
  const retiredUsernames = k.table('retired_usernames', {
    usernameNorm: k.text('username_norm').primaryKey(),
    userId: k.text('user_id').notNull(),
    retiredAt: k.time('retired_at').notNull(),
  })

  /** Accounts at a provider that were disconnected: no sign-in connects them to that user again by itself. */
  const severedConnections = k.table(
    'severed_connections',
    {
      userId: k
        .text('user_id')
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      provider: k.text('provider').notNull(),
      issuer: k.text('issuer').notNull(),
      providerUserId: k.text('provider_user_id').notNull(),
      severedAt: k.time('severed_at').notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.userId, t.provider, t.issuer, t.providerUserId] })],
  )

  return { users, recoveryCodes, passkeys, oauthConnections, retiredUsernames, severedConnections }
}
