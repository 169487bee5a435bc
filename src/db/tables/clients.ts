import { folded } from '../folded-text'
import type { Kit } from '../kit'
import type { makeUserTables } from './users'

export function makeClientTables(k: Kit, { users }: ReturnType<typeof makeUserTables>) {
  const oauthApplications = k.table(
    'oauth_applications',
    {
      clientId: k.text('client_id').primaryKey(),
      /** Keyed digest, or an imported bcrypt hash until its first use. Null for public clients. */
      clientSecret: k.text('client_secret'),
      /** The secret before the last regeneration, honoured until `previousSecretExpiresAt`. */
      previousClientSecret: k.text('previous_client_secret'),
      previousSecretExpiresAt: k.time('previous_secret_expires_at'),
      clientName: k.text('client_name').notNull(),
      description: k.text('description').notNull(),
      clientUri: k.text('client_uri').notNull(),
      /** Owner; null for seeded-without-owner and self-registered clients. */
      userId: k.text('user_id').references(() => users.id, { onDelete: 'set null' }),
      createdBy: k.text('created_by'),
      /** Space separated. */
      scopes: k.text('scopes').notNull(),
      /** Space separated, derived from the three switches; also `refresh_token` when a client registered with it. */
      grantTypes: k.text('grant_types').notNull(),
      redirectUris: k.json<string[]>('redirect_uris').notNull(),
      postLogoutRedirectUris: k.json<string[]>('post_logout_redirect_uris').notNull(),
      backchannelLogoutUri: k.text('backchannel_logout_uri').notNull(),
      clientType: k.oneOf('client_type', ['confidential', 'public']).notNull(),
      tokenEndpointAuthMethod: k.text('token_endpoint_auth_method'),
      enableDeviceFlow: k.bool('enable_device_flow').notNull(),
      enableAuthCodeFlow: k.bool('enable_auth_code_flow').notNull(),
      enableClientCredentialsFlow: k.bool('enable_client_credentials_flow').notNull(),
      allowIntrospection: k.bool('allow_introspection').notNull(),
      status: k.oneOf('status', ['pending', 'active', 'inactive']).notNull(),
      tokenProfile: k.text('token_profile').notNull(),
      project: k.text('project').notNull(),
      serviceAccount: k.text('service_account').notNull(),
      /** How the record came about. */
      origin: k.oneOf('origin', ['seed', 'admin', 'owner', 'registration', 'import']).notNull(),
      registrationTokenHash: k.text('registration_token_hash'),
      registrationIp: k.text('registration_ip').notNull(),
      tokenEpoch: k.int('token_epoch').notNull(),
      version: k.int('version').notNull(),
      imported: k.bool('imported').notNull(),
      createdAt: k.time('created_at').notNull(),
      updatedAt: k.time('updated_at').notNull(),
    },
    (t) => [
      k.index('oauth_applications_owner').on(t.userId, t.createdAt),
      k.index('oauth_applications_status').on(t.status, t.createdAt, t.clientId),
      k.index('oauth_applications_name').on(folded(k.dialect, t.clientName)),
      k.index('oauth_applications_created').on(t.createdAt, t.clientId),
    ],
  )

  const clientRevisions = k.table(
    'client_revisions',
    {
      id: k.text('id').primaryKey(),
      clientId: k
        .text('client_id')
        .notNull()
        .references(() => oauthApplications.clientId, { onDelete: 'cascade' }),
      /** The fields the owner wants to change, with their new values. */
      proposed: k.json<Record<string, unknown>>('proposed').notNull(),
      proposedBy: k.text('proposed_by').notNull(),
      status: k.oneOf('status', ['pending', 'approved', 'rejected', 'withdrawn']).notNull(),
      reason: k.text('reason').notNull(),
      decidedBy: k.text('decided_by'),
      decidedAt: k.time('decided_at'),
      createdAt: k.time('created_at').notNull(),
    },
    (t) => [
      k.index('client_revisions_client').on(t.clientId, t.createdAt),
      k.index('client_revisions_status').on(t.status),
    ],
  )

  const userAuthorizations = k.table(
    'user_authorizations',
    {
      /** Public id; stable over the life of the consent. */
      uuid: k.text('uuid').primaryKey(),
      userId: k
        .text('user_id')
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      clientId: k
        .text('client_id')
        .notNull()
        .references(() => oauthApplications.clientId, { onDelete: 'cascade' }),
      /** Everything the user allowed this client, by any flow. */
      scopes: k.text('scopes').notNull(),
      /** What was allowed on the consent page; only these may skip it later. */
      webScopes: k.text('web_scopes').notNull(),
      grantedAt: k.time('granted_at').notNull(),
      revokedAt: k.time('revoked_at'),
      isActive: k.bool('is_active').notNull(),
      tokenEpoch: k.int('token_epoch').notNull(),
      createdAt: k.time('created_at').notNull(),
      updatedAt: k.time('updated_at').notNull(),
    },
    (t) => [
      k.unique('user_authorizations_user_client').on(t.userId, t.clientId),
      k.index('user_authorizations_client').on(t.clientId, t.isActive, t.grantedAt, t.uuid),
      k.index('user_authorizations_user').on(t.userId, t.isActive, t.grantedAt, t.uuid),
    ],
  )

  return { oauthApplications, clientRevisions, userAuthorizations }
}
