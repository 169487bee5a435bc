/** Remembers which keys this deployment has signed with, to notice a key that changed under an unchanged `kid`. */
import { eq } from 'drizzle-orm'
import { type Context, now } from '../context'
import { commit } from '../db/commit'
import { param, query, write } from '../db/definitions'
import { run } from '../db/statements'

const keyByKid = query('signing_key_by_kid', (q, t) =>
  q
    .select({ thumbprint: t.signingKeys.thumbprint })
    .from(t.signingKeys)
    .where(eq(t.signingKeys.kid, param('kid'))),
)

const rememberKey = write('remember_signing_key', (q, t) =>
  q
    .insert(t.signingKeys)
    .values({
      kid: param('kid'),
      algorithm: param('algorithm'),
      thumbprint: param('thumbprint'),
      firstSeenAt: param('now'),
      lastSeenAt: param('now'),
    })
    .onConflictDoUpdate({
      target: t.signingKeys.kid,
      set: { algorithm: param('algorithm'), thumbprint: param('thumbprint'), lastSeenAt: param('now') },
    }),
)

/**
 * Records the active key. Resolves to a warning when its `kid` last named another key: consumers that keep the JWK set
 * look for a new key only when they meet an unknown `kid`. An HS256 secret is not recorded.
 */
export async function rememberSigningKey(ctx: Context): Promise<string | undefined> {
  const { kid, thumbprint, algorithm } = ctx.keys.active
  if (kid === undefined || thumbprint === undefined) return undefined
  const last = await ctx.db.one(keyByKid, { kid })
  await commit(ctx, [run(rememberKey, { kid, thumbprint, algorithm, now: now(ctx) })])
  if (!last || last.thumbprint === thumbprint) return undefined
  return `JWT_KEY_ID=${kid} last named another signing key; give every key an id of its own, or consumers keep the old one`
}
