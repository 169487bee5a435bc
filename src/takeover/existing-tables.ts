/**
 * The tables of an AuthGate 0.x database, by their columns. A database is only taken over when it has exactly these
 * tables with at least these columns.
 */

export const EXISTING_TABLES = {
  users: [
    ...['id', 'username', 'email', 'password_hash', 'role', 'full_name', 'avatar_url', 'is_active'],
    ...['email_verified', 'external_id', 'auth_source', 'created_at', 'updated_at'],
  ],
  oauth_applications: [
    ...['id', 'client_id', 'client_secret', 'client_name', 'description', 'user_id', 'scopes', 'grant_types'],
    ...['redirect_uris', 'client_type', 'enable_device_flow', 'enable_auth_code_flow'],
    ...['enable_client_credentials_flow', 'status', 'token_profile', 'project', 'service_account', 'created_by'],
    ...['created_at', 'updated_at'],
  ],
  oauth_connections: [
    ...['id', 'user_id', 'provider', 'provider_user_id', 'provider_username', 'provider_email', 'avatar_url'],
    ...['access_token', 'refresh_token', 'token_expiry', 'last_used_at', 'created_at', 'updated_at'],
  ],
  user_authorizations: [
    ...['id', 'uuid', 'user_id', 'application_id', 'client_id', 'scopes', 'granted_at', 'revoked_at', 'is_active'],
    ...['created_at', 'updated_at'],
  ],
  access_tokens: [
    ...['id', 'token_hash', 'token_type', 'token_category', 'status', 'user_id', 'client_id', 'scopes', 'expires_at'],
    ...['created_at', 'last_used_at', 'parent_token_id', 'token_family_id', 'authorization_id'],
  ],
  authorization_codes: [
    ...['id', 'uuid', 'code_hash', 'code_prefix', 'application_id', 'client_id', 'user_id', 'redirect_uri', 'scopes'],
    ...['code_challenge', 'code_challenge_method', 'nonce', 'expires_at', 'used_at', 'created_at'],
  ],
  device_codes: [
    ...['id', 'device_code_hash', 'device_code_salt', 'device_code_id', 'user_code', 'client_id', 'scopes'],
    ...['expires_at', 'interval', 'user_id', 'authorized', 'authorized_at', 'created_at', 'updated_at'],
  ],
  audit_logs: [
    ...['id', 'event_type', 'event_time', 'severity', 'actor_user_id', 'actor_username', 'actor_ip'],
    ...['resource_type', 'resource_id', 'resource_name', 'action', 'details', 'success', 'error_message'],
    ...['user_agent', 'request_path', 'request_method', 'created_at'],
  ],
} as const satisfies Record<string, readonly string[]>

export type ExistingTable = keyof typeof EXISTING_TABLES

/** In the order they are converted: what a row refers to comes before it. */
export const existingTables = Object.keys(EXISTING_TABLES) as readonly ExistingTable[]

/** A row as it was read. SQLite has no types: any column may hold any of these. */
export type ExistingRow = Readonly<Record<string, unknown>>
