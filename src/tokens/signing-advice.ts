/** What an operator should know about the signing algorithm before it matters. */
import { sql } from 'drizzle-orm'
import type { Context } from '../context'
import { query } from '../db/definitions'

const openIdClient = query('client_with_openid', (q, t) =>
  q
    .select({ clientId: t.oauthApplications.clientId })
    .from(t.oauthApplications)
    .where(sql`' ' || ${t.oauthApplications.scopes} || ' ' like '% openid %'`)
    .limit(1),
)

/**
 * A line for the log at start, when clients get ID tokens that only the server's own secret can verify: whoever holds
 * that secret can make tokens too (OpenID Connect Core §10.1). Throws `DatabaseUnavailable`.
 */
export async function signingAdvice(ctx: Pick<Context, 'db' | 'keys'>): Promise<string | undefined> {
  if (ctx.keys.alg !== 'HS256' || !(await ctx.db.one(openIdClient, {}))) return undefined
  return 'Clients with the scope openid cannot verify ID tokens signed with HS256: set JWT_SIGNING_ALGORITHM to ES256 or RS256, and never give JWT_SECRET to a client'
}
