/** Revocation by whoever runs the server, with its record in the audit trail. */
import { eq } from 'drizzle-orm'
import { audit } from '../audit/audit'
import type { Context } from '../context'
import { rowsChanged } from '../db/changed-rows'
import { commit } from '../db/commit'
import { param, query } from '../db/definitions'
import type { Statement } from '../db/statements'
import type { User } from '../identity/users'
import { sha256Hex } from '../secrets'
import type { TokenRow } from './records'
import { revokeGrantOf, revokeTokensOfUser } from './revoke'
import { tokenKey } from './validate'

interface Operator {
  readonly id: string
  readonly username: string
}

const tokenById = query('token_by_id', (q, t) =>
  q
    .select()
    .from(t.accessTokens)
    .where(eq(t.accessTokens.id, param('id'))),
)

/** By the id of its row, which is its `jti`. Throws `DatabaseUnavailable`. */
export const findTokenById = (ctx: Pick<Context, 'db'>, id: string): Promise<TokenRow | undefined> =>
  ctx.db.one(tokenById, { id })

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
export function revokeGrantAsOperator(ctx: Context, actor: Operator, token: TokenRow): Promise<number> {
  const { id, clientId, userId, tokenCategory, tokenFamilyId } = token
  return commitRevocation(ctx, revokeGrantOf(ctx, token), {
    event: 'TOKEN_REVOKED',
    severity: 'WARNING',
    action: 'Token revoked by administrator',
    actor,
    resource: { type: 'TOKEN', id },
    clientId,
    details: {
      client_id: clientId,
      token_user_id: userId,
      token_category: tokenFamilyId ? 'grant' : tokenCategory,
      ...(tokenFamilyId && { family_id: tokenFamilyId }),
    },
  })
}

/** Ends every token of a user; browser sessions go on. Throws `DatabaseUnavailable`. */
export const revokeTokensOfUserAsOperator = (ctx: Context, actor: Operator, user: User): Promise<number> =>
  commitRevocation(ctx, revokeTokensOfUser(ctx, user.id), {
    event: 'TOKEN_REVOKED',
    severity: 'WARNING',
    action: 'All tokens of user revoked by administrator',
    actor,
    resource: { type: 'USER', id: user.id, name: user.username },
    details: { token_user_id: user.id, token_category: 'all' },
  })

async function commitRevocation(
  ctx: Context,
  writes: readonly Statement[],
  event: Parameters<typeof audit>[1],
): Promise<number> {
  const statements = [...writes, ...audit(ctx, event)]
  const changed = await commit(ctx, statements)
  ctx.metrics.count('oauth_tokens_revoked_total', { reason: 'admin' })
  return rowsChanged(statements, changed, 'revoke_tokens_of_')
}
