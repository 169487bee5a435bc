/** What an operator should see without looking for it. */
import { and, eq, sql } from 'drizzle-orm'
import type { Context } from '../context'
import { query } from '../db/definitions'
import type { Tables } from '../db/tables'
import { signingAdvice } from '../tokens/signing-advice'

export type OperatorWarning =
  | { readonly kind: 'initial_passwords'; readonly usernames: readonly string[] }
  | { readonly kind: 'single_admin' }
  | { readonly kind: 'shared_signing_secret' }
  | { readonly kind: 'no_audit' }
  | { readonly kind: 'no_rate_limits' }

const SHOWN = 5

/** Administrators are few, active users nearly all: written so that SQLite does not go through the index of the latter. */
const isActive = ({ isActive: active }: Tables['users']) => sql`(case when ${active} then 1 else 0 end) = 1`

const initialPasswords = query('admins_with_initial_password', (q, { users }) =>
  q
    .select({ username: users.username })
    .from(users)
    .where(and(eq(users.role, 'admin'), isActive(users), eq(users.mustChangePassword, true)))
    .orderBy(users.username)
    .limit(SHOWN),
)

const activeAdmins = query('two_active_admins', (q, { users }) =>
  q
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.role, 'admin'), isActive(users)))
    .limit(2),
)

/** The most urgent first. Throws `DatabaseUnavailable`. */
export async function readWarnings(ctx: Pick<Context, 'db' | 'keys' | 'settings'>): Promise<OperatorWarning[]> {
  const [initial, admins, advice] = await Promise.all([
    ctx.db.all(initialPasswords),
    ctx.db.all(activeAdmins),
    signingAdvice(ctx),
  ])
  const warnings: OperatorWarning[] = []
  if (advice) warnings.push({ kind: 'shared_signing_secret' })
  if (initial.length > 0) warnings.push({ kind: 'initial_passwords', usernames: initial.map((row) => row.username) })
  if (!ctx.settings.ENABLE_AUDIT_LOGGING) warnings.push({ kind: 'no_audit' })
  if (!ctx.settings.ENABLE_RATE_LIMIT) warnings.push({ kind: 'no_rate_limits' })
  if (admins.length < 2) warnings.push({ kind: 'single_admin' })
  return warnings
}
