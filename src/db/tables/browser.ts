import type { Kit } from '../kit'
import type { makeUserTables } from './users'

/** What the server remembers about browsers. */
export function makeBrowserTables(k: Kit, { users }: ReturnType<typeof makeUserTables>) {
  const sessions = k.table(
    'sessions',
    {
      /** Keyed digest of the cookie value. */
      idHash: k.text('id_hash').primaryKey(),
      /** Public id: `sid` of ID tokens, and the handle in lists. */
      sid: k.text('sid').notNull(),
      userId: k
        .text('user_id')
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      csrfToken: k.text('csrf_token').notNull(),
      remember: k.bool('remember').notNull(),
      fingerprint: k.text('fingerprint').notNull(),
      /** When and how the person proved who they are. */
      authTime: k.time('auth_time').notNull(),
      amr: k.text('amr').notNull(),
      idp: k.text('idp').notNull(),
      flash: k.json<string[]>('flash').notNull(),
      ip: k.text('ip').notNull(),
      userAgent: k.text('user_agent').notNull(),
      createdAt: k.time('created_at').notNull(),
      lastSeenAt: k.time('last_seen_at').notNull(),
      expiresAt: k.time('expires_at').notNull(),
    },
    (t) => [
      k.unique('sessions_sid').on(t.sid),
      k.index('sessions_user').on(t.userId),
      k.index('sessions_expires').on(t.expiresAt),
    ],
  )

  /** Requests that wait for a decision of the person at the browser, and pages shown once. */
  const pendingRequests = k.table(
    'pending_requests',
    {
      idHash: k.text('id_hash').primaryKey(),
      /** `device`, `authorize`, `reveal`, … */
      kind: k.text('kind').notNull(),
      sid: k.text('sid').notNull(),
      userId: k.text('user_id').notNull(),
      payload: k.json<Record<string, unknown>>('payload').notNull(),
      usedAt: k.time('used_at'),
      createdAt: k.time('created_at').notNull(),
      expiresAt: k.time('expires_at').notNull(),
    },
    (t) => [k.index('pending_requests_expires').on(t.expiresAt)],
  )

  /** One attempt to sign in through another provider, bound to the browser that began it. */
  const loginTransactions = k.table(
    'login_transactions',
    {
      stateHash: k.text('state_hash').primaryKey(),
      browserHash: k.text('browser_hash').notNull(),
      provider: k.text('provider').notNull(),
      issuer: k.text('issuer').notNull(),
      codeVerifier: k.text('code_verifier').notNull(),
      nonce: k.text('nonce').notNull(),
      redirect: k.text('redirect').notNull(),
      remember: k.bool('remember').notNull(),
      /** The provider was asked to have the person prove again who they are. */
      fresh: k.bool('fresh').notNull().default(false),
      /** Set when a signed-in user connects the provider to their own account. */
      linkUserId: k.text('link_user_id'),
      createdAt: k.time('created_at').notNull(),
      expiresAt: k.time('expires_at').notNull(),
    },
    (t) => [
      k.index('login_transactions_browser').on(t.browserHash),
      k.index('login_transactions_expires').on(t.expiresAt),
    ],
  )

  /** Progressive delays after wrong guesses: passwords per account, user codes per user and address. */
  const attemptDelays = k.table(
    'attempt_delays',
    {
      subject: k.text('subject').primaryKey(),
      failures: k.int('failures').notNull(),
      firstFailedAt: k.time('first_failed_at').notNull(),
      lastFailedAt: k.time('last_failed_at').notNull(),
      blockedUntil: k.time('blocked_until').notNull(),
      expiresAt: k.time('expires_at').notNull(),
    },
    (t) => [k.index('attempt_delays_expires').on(t.expiresAt)],
  )

  return { sessions, pendingRequests, loginTransactions, attemptDelays }
}
