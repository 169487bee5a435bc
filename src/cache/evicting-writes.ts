/**
 * Which copies each write makes outdated: the one list of eviction points.
 *
 * A write that changes a cached table and is not listed evicts everything, so a forgotten one is slow but never wrong.
 */
import { and, eq, gt, or, type SQL } from 'drizzle-orm'
import { type Parameters, param, type Query, query } from '../db/definitions'
import type { Tables } from '../db/tables'
import type { EvictedKey } from './eviction-bus'

/** Tokens whose copies are outdated, found by what the write found them by. */
export interface TokensOf {
  readonly hashes: Query<{ hash: string }>
  readonly parameters: Parameters
}

export interface Eviction {
  readonly keys: readonly EvictedKey[]
  readonly tokens?: TokensOf
  /** A copy would keep alive what the write ended: the change is not confirmed before the eviction is. */
  readonly ends?: boolean
}

export const PENDING_COUNT = 'clients:pending_count'

export const userKey = (id: string): EvictedKey => ({ cache: 'user', key: `user:${id}` })
export const clientKey = (clientId: string): EvictedKey => ({ cache: 'client', key: clientId })
const PENDING: EvictedKey = { cache: 'client_count', key: PENDING_COUNT }

type Evicts = (parameters: Parameters) => Eviction | undefined

const text = (value: unknown): string => String(value)

const user: Evicts = ({ id }) => ({ keys: [userKey(text(id))] })
const endedUser: Evicts = ({ id, userId }) => ({ keys: [userKey(text(id ?? userId))], ends: true })
const client: Evicts = ({ shownId, clientId }) => ({
  keys: [clientKey(text(shownId ?? clientId)), PENDING],
  ends: true,
})
const pending: Evicts = () => ({ keys: [PENDING] })
const nothing: Evicts = () => undefined

/** Copies of expired tokens end by themselves, and only access tokens are copied. */
const tokenHashes = (name: string, which: (t: Tables) => SQL | undefined): Query<{ hash: string }> =>
  query(`cached_tokens_${name}`, (q, t) =>
    q
      .select({ hash: t.accessTokens.tokenHash })
      .from(t.accessTokens)
      .where(and(which(t), eq(t.accessTokens.tokenCategory, 'access'), gt(t.accessTokens.expiresAt, param('now')))),
  )

const tokens =
  (hashes: Query<{ hash: string }>): Evicts =>
  (parameters) => ({ keys: [], tokens: { hashes, parameters }, ends: true })

const token = tokens(tokenHashes('by_id', (t) => eq(t.accessTokens.id, param('id'))))
const family = tokens(tokenHashes('of_family', (t) => eq(t.accessTokens.tokenFamilyId, param('id'))))
const root = tokens(
  tokenHashes('of_root', (t) =>
    and(
      eq(t.accessTokens.userId, param('userId')),
      or(eq(t.accessTokens.id, param('id')), eq(t.accessTokens.parentTokenId, param('id'))),
    ),
  ),
)
const consent = tokens(
  tokenHashes('of_consent', (t) =>
    and(eq(t.accessTokens.userId, param('userId')), eq(t.accessTokens.clientId, param('clientId'))),
  ),
)

const EVICTING_WRITES: Readonly<Record<string, Evicts>> = {
  // Users
  edit_user: user,
  reset_password: user,
  set_own_password: user,
  set_own_name: user,
  set_user_language: user,
  forget_external_id: user,
  sync_external_user: user,
  update_user_from_provider: user,
  drop_address_claim: user,
  set_address_standing: user,
  set_totp: user,
  set_passkey_count: user,
  remove_second_factors: user,
  renew_recovery_codes: user,
  set_user_active: endedUser,
  claim_user_to_delete: endedUser,
  delete_user: endedUser,
  /** Ends every token: copies of tokens name the epoch they were issued in. */
  raise_user_epoch: endedUser,
  /** When somebody signed in, and what they sign in with, is not copied. */
  note_login: nothing,
  note_passkey_login: nothing,
  note_second_step: nothing,
  use_totp_step: nothing,
  lock_user: nothing,
  lock_administrators: nothing,
  lock_active_owner: nothing,
  insert_user: nothing,
  insert_external_user: nothing,
  insert_provider_user: nothing,
  seed_admin: nothing,

  // Clients, and how many wait for a decision
  replace_client_fields: client,
  replace_client_secrets: client,
  replace_registered_fields: client,
  next_version_of_registered_client: client,
  describe_client: client,
  submit_client_again: client,
  decide_client: client,
  apply_approved_change: client,
  transfer_app: client,
  deactivate_app_of_user: client,
  delete_app_of_user: client,
  delete_client: client,
  delete_registered_client: client,
  delete_unapproved_registration: client,
  raise_client_epoch: client,
  /** Digests of secrets are not copied. */
  replace_client_secret_hash: nothing,
  insert_client: pending,
  register_client: pending,
  seed_client: pending,
  insert_client_revision: pending,
  decide_revision: pending,
  drop_pending_revisions: pending,
  drop_own_proposal: pending,

  // Tokens
  revoke_token: token,
  end_machine_token: token,
  disable_token: token,
  enable_token_by_owner: token,
  enable_token_by_admin: token,
  revoke_tokens_of_family: family,
  disable_tokens_of_family: family,
  enable_tokens_of_family: family,
  enable_tokens_of_any_family: family,
  revoke_tokens_of_root: root,
  link_tokens_to_family: root,
  revoke_tokens_of_consent: consent,
  /** The epoch of user or client, raised in the same commit, ends their copies. */
  revoke_tokens_of_user: nothing,
  revoke_tokens_of_client: nothing,
  insert_token: nothing,
  /** Refresh tokens are not copied. */
  rotate_refresh_token_out: nothing,
  note_refresh_token_use: nothing,
  delete_batch_of_access_tokens: nothing,
}

/** Undefined for a write that is not listed. */
export const evictionOf = (name: string): Evicts | undefined =>
  Object.hasOwn(EVICTING_WRITES, name) ? EVICTING_WRITES[name] : undefined

const CHANGE = /^\s*(?:update|delete from)\s+"(?:users|oauth_applications|client_revisions|access_tokens)"/i
const MORE_CLIENTS = /^\s*insert into\s+"(?:oauth_applications|client_revisions)"/i

/** What a write that is not listed does to copies, by its text. New rows have no copies. */
export function unlistedEviction(sql: string): Evicts | 'everything' {
  if (CHANGE.test(sql)) return 'everything'
  return MORE_CLIENTS.test(sql) ? pending : nothing
}
