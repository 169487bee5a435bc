/**
 * What this deployment did with its keys: when each was published, when it was taken up for signing, when it last was
 * known to sign. A rotation waits by it, and a key that changed under an unchanged `kid` is noticed.
 */
import { and, desc, gt, lte, ne } from 'drizzle-orm'
import { type Context, now } from '../context'
import { commit } from '../db/commit'
import type { Database } from '../db/database'
import { param, query, rowParameters, write } from '../db/definitions'
import { run, type Statement } from '../db/statements'
import type { Tables } from '../db/tables'
import type { VerificationKey } from './keys'

export type KeyRecord = Tables['signingKeys']['$inferSelect']

const allKeys = query('signing_keys', (q, t) => q.select().from(t.signingKeys))

const rememberKey = write('remember_signing_key', (q, t) => {
  const row = rowParameters(t.signingKeys)
  return q.insert(t.signingKeys).values(row).onConflictDoUpdate({ target: t.signingKeys.kid, set: row })
})

/** Every key that was ever published. Throws `DatabaseUnavailable`. */
export const keyHistory = (db: Database): Promise<KeyRecord[]> => db.all(allKeys)

/**
 * Records the keys that are published, and that the active one signs. Resolves to a warning when its `kid` last named
 * another key: consumers that keep the JWK set look for a new key only when they meet an unknown `kid`. An HS256 secret
 * is not recorded.
 */
export async function rememberKeys(ctx: Pick<Context, 'db' | 'clock' | 'keys'>): Promise<string | undefined> {
  const { active, verifyKeys } = ctx.keys
  const known = new Map((await keyHistory(ctx.db)).map((record) => [record.kid, record]))
  const records = verifyKeys.flatMap((key) => recordOf(key, key.kid === active.kid, known, now(ctx)))
  if (records.length > 0) await commit(ctx, records)
  const last = active.kid === undefined ? undefined : known.get(active.kid)
  if (!last || last.thumbprint === active.thumbprint) return undefined
  return `JWT_KEY_ID=${active.kid} last named another signing key; give every key an id of its own, or consumers keep the old one`
}

/** Nothing for a key that signed and does not any more: its last use must not move. */
function recordOf(key: VerificationKey, signs: boolean, known: ReadonlyMap<string, KeyRecord>, at: Date): Statement[] {
  const { kid, thumbprint, algorithm } = key
  if (kid === undefined || thumbprint === undefined) return []
  const record = known.get(kid)
  const former = record?.thumbprint === thumbprint ? record : undefined
  if (former?.firstSignedAt && !signs) return []
  const firstSignedAt = former?.firstSignedAt ?? (signs ? at : null)
  const firstSeenAt = former?.firstSeenAt ?? at
  return [run(rememberKey, { kid, thumbprint, algorithm, firstSeenAt, firstSignedAt, lastSeenAt: at })]
}

/** A key that signed until now, and from now on only verifies. */
export async function rememberLastUse(ctx: Pick<Context, 'db' | 'clock'>, kid: string | undefined): Promise<void> {
  const record = (await keyHistory(ctx.db)).find((known) => known.kid === kid)
  if (record) await commit(ctx, [run(rememberKey, { ...record, lastSeenAt: now(ctx) })])
}

const lastEnd = query('last_end_of_tokens_made_until', (q, t) =>
  q
    .select({ expiresAt: t.accessTokens.expiresAt })
    .from(t.accessTokens)
    .where(
      and(
        lte(t.accessTokens.createdAt, param('until')),
        gt(t.accessTokens.expiresAt, param('now')),
        ne(t.accessTokens.status, 'revoked'),
      ),
    )
    .orderBy(desc(t.accessTokens.expiresAt))
    .limit(1),
)

/** When the last token that was made up to `until` and may still be used ends. Throws `DatabaseUnavailable`. */
export async function lastTokenEnd(ctx: Pick<Context, 'db' | 'clock'>, until: Date): Promise<Date | undefined> {
  return (await ctx.db.one(lastEnd, { until, now: now(ctx) }))?.expiresAt
}
