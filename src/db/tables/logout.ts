import type { Kit } from '../kit'

/** Ended browser sessions that applications still have to be told about. No foreign keys: it outlives its subjects. */
export function makeLogoutTables(k: Kit) {
  const logoutNotices = k.table(
    'logout_notices',
    {
      /** Public id of the session that ended. */
      sid: k.text('sid').notNull(),
      clientId: k.text('client_id').notNull(),
      userId: k.text('user_id').notNull(),
      /** Failed ones so far. */
      attempts: k.int('attempts').notNull(),
      nextAttemptAt: k.time('next_attempt_at').notNull(),
      createdAt: k.time('created_at').notNull(),
    },
    (t) => [
      k.primaryKey({ columns: [t.sid, t.clientId] }),
      k.index('logout_notices_due').on(t.nextAttemptAt),
      k.index('logout_notices_client').on(t.clientId, t.nextAttemptAt),
    ],
  )

  return { logoutNotices }
}
