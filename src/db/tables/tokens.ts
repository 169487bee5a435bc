import { sql } from 'drizzle-orm'
import type { Kit } from '../kit'

/**
 * Tokens and their families. These tables have no foreign keys: every insert is made beside guards that prove user,
 * client, consent and family in the same transaction, and rows outlive their subjects as evidence until they expire.
 */
export function makeTokenTables(k: Kit) {
  const accessTokens = k.table(
    'access_tokens',
    {
      /** Equal to the token's `jti`, except in imported rows. */
      id: k.text('id').primaryKey(),
      tokenHash: k.text('token_hash').notNull(),
      tokenType: k.text('token_type').notNull(),
      tokenCategory: k.oneOf('token_category', ['access', 'refresh']).notNull(),
      status: k.oneOf('status', ['active', 'disabled', 'revoked']).notNull(),
      /** A user id, or `client:<client_id>` for machine tokens. */
      userId: k.text('user_id').notNull(),
      clientId: k.text('client_id').notNull(),
      scopes: k.text('scopes').notNull(),
      grantType: k.text('grant_type').notNull(),
      expiresAt: k.time('expires_at').notNull(),
      createdAt: k.time('created_at').notNull(),
      updatedAt: k.time('updated_at').notNull(),
      lastUsedAt: k.time('last_used_at'),
      revokedAt: k.time('revoked_at'),
      /** Who disabled it: `owner` or `admin`. Only an admin re-enables what an admin disabled. */
      disabledBy: k.text('disabled_by'),
      parentTokenId: k.text('parent_token_id'),
      /** Null for machine tokens and for imported tokens that have none. */
      tokenFamilyId: k.text('token_family_id'),
      authorizationId: k.text('authorization_id'),
      authorizationCodeId: k.text('authorization_code_id'),
      deviceCodeId: k.text('device_code_id'),
      imported: k.bool('imported').notNull(),
    },
    (t) => [
      // A token of this server's own is found by its id; an index over hashes would be written at a random place each time.
      k.unique('access_tokens_imported_hash').on(t.tokenHash).where(sql`${t.imported}`),
      k.index('access_tokens_user').on(t.userId, t.createdAt, t.id),
      k.index('access_tokens_client').on(t.clientId, t.createdAt, t.id),
      k.index('access_tokens_family').on(t.tokenFamilyId).where(sql`${t.tokenFamilyId} is not null`),
      k.index('access_tokens_authorization').on(t.authorizationId).where(sql`${t.authorizationId} is not null`),
      k.index('access_tokens_created').on(t.createdAt, t.id),
      // What a list is narrowed to and may be rare; a token is seldom in more than one of these.
      k.index('access_tokens_ended').on(t.status, t.createdAt, t.id).where(sql`${t.status} <> 'active'`),
      k.index('access_tokens_disabled').on(t.userId, t.tokenFamilyId, t.expiresAt).where(sql`${t.status} = 'disabled'`),
      k.index('access_tokens_refresh').on(t.createdAt, t.id).where(sql`${t.tokenCategory} = 'refresh'`),
      // Category and status, so that live tokens are counted without reading their rows.
      k.index('access_tokens_expiry').on(t.expiresAt, t.tokenCategory, t.status),
    ],
  )

  const tokenFamilies = k.table(
    'token_families',
    {
      id: k.text('id').primaryKey(),
      userId: k.text('user_id').notNull(),
      clientId: k.text('client_id').notNull(),
      authorizationId: k.text('authorization_id'),
      grantType: k.text('grant_type').notNull(),
      scopes: k.text('scopes').notNull(),
      /** Resources the grant was narrowed to (RFC 8707), space separated; empty = every audience. */
      resource: k.text('resource').notNull().default(''),
      /** Where it was granted, for the user's list of grants. */
      ip: k.text('ip').notNull(),
      userAgent: k.text('user_agent').notNull(),
      /** Public id of the browser session it was granted from. */
      sid: k.text('sid').notNull(),
      authTime: k.time('auth_time'),
      /** How the user signed in there: methods of RFC 8176, separated by blanks. */
      amr: k.text('amr').notNull().default(''),
      createdAt: k.time('created_at').notNull(),
      /** Absolute end: no refresh token of the family lives longer. */
      expiresAt: k.time('expires_at').notNull(),
      lastUsedAt: k.time('last_used_at'),
      revokedAt: k.time('revoked_at'),
      reuseCount: k.int('reuse_count').notNull(),
      reuseReportedAt: k.time('reuse_reported_at'),
    },
    (t) => [
      k.index('token_families_user').on(t.userId, t.createdAt, t.id),
      // What a person may still end, counted without reading the rows.
      k.index('token_families_live').on(t.userId, t.createdAt, t.id, t.expiresAt).where(sql`${t.revokedAt} is null`),
      k.index('token_families_client').on(t.clientId, t.createdAt, t.id),
      k.index('token_families_sid').on(t.sid).where(sql`${t.sid} <> ''`),
      k.index('token_families_expires').on(t.expiresAt),
    ],
  )

  const refreshGrace = k.table(
    'refresh_grace',
    {
      /** The rotated-out token. */
      parentTokenId: k.text('parent_token_id').primaryKey(),
      successorTokenId: k.text('successor_token_id').notNull(),
      /** The successor answer, encrypted under a key derived from the rotated-out token itself. */
      ciphertext: k.text('ciphertext').notNull(),
      expiresAt: k.time('expires_at').notNull(),
    },
    (t) => [
      k.index('refresh_grace_successor').on(t.successorTokenId),
      k.index('refresh_grace_expires').on(t.expiresAt),
    ],
  )

  return { accessTokens, tokenFamilies, refreshGrace }
}
