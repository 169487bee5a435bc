/** Revocation by whoever runs the server, with its record in the audit trail. */
import { audit } from '../audit/audit'
import type { Context } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { commit } from '../db/commit'
import { query } from '../db/definitions'
import type { Statement } from '../db/statements'
import type { User } from '../identity/users'
import { sha256Hex } from '../secrets'
import { auditTokenAction } from './manage'
import type { TokenRow } from './records'
import { countLiveTokens, revokeGrantOf, revokeTokensOfUser } from './revoke'
import { tokenKey } from './token-rows'

interface Operator {
  readonly id: string
  readonly username: string
}

const tokenByHash = query('token_by_hash', (q, t) => q.select().from(t.accessTokens).where(tokenKey.own(t)))
const importedTokenByHash = query('imported_token_by_hash', (q, t) =>
  q.select().from(t.accessTokens).where(tokenKey.imported(t)),
)

/**
 * By the token itself, of which only the row that belongs to it is needed: its signature is not looked at, so that one
 * whose key is gone can be revoked too. Throws `DatabaseUnavailable`.
 */
export async function findTokenByText(ctx: Pick<Context, 'db'>, token: string): Promise<TokenRow | undefined> {
  const key = { id: claimedId(token), hash: sha256Hex(token) }
  return (await ctx.db.one(tokenByHash, key)) ?? (await ctx.db.one(importedTokenByHash, key))
}

/** `jti`, or empty. */
function claimedId(token: string): string {
  try {
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti?: unknown }
    return typeof jti === 'string' ? jti.replaceAll('\u0000', '') : ''
  } catch {
    return ''
  }
}

/**
 * Ends the whole grant of the token: an access token that ended alone would be back at the next refresh. Resolves to the
 * number of tokens that stopped working. Throws `DatabaseUnavailable`.
 */
export const revokeGrantAsOperator = (ctx: Context, actor: Operator, token: TokenRow): Promise<number> =>
  commitRevocation(ctx, [...revokeGrantOf(ctx, token), ...auditTokenAction(ctx, actor, token, 'revoke')])

/** Ends every token of a user; browser sessions go on. Throws `DatabaseUnavailable`. */
export async function revokeTokensOfUserAsOperator(ctx: Context, actor: Operator, user: User): Promise<number> {
  const { id, username } = user
  const live = await countLiveTokens(ctx, { userId: id })
  return await commitRevocation(ctx, [
    ...revokeTokensOfUser(ctx, id),
    ...audit(ctx, {
      event: 'TOKEN_REVOKED',
      severity: 'WARNING',
      action: 'All tokens of user revoked by administrator',
      actor,
      resource: { type: 'USER', id, name: username },
      details: { token_user_id: id, token_category: 'all', revoked_count: live },
    }),
  ])
}

async function commitRevocation(ctx: Context, statements: readonly Statement[]): Promise<number> {
  const changed = await commit(ctx, statements)
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'admin' })
  return rowsChanged(statements, changed, 'revoke_tokens_of_')
}
