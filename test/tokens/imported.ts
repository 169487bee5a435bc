/** Tokens as an earlier deployment left them: other header, other ids, and no family. */
import { sha256Hex } from '../../src/secrets'
import type { TokenRow } from '../../src/tokens/records'
import type { Client, TestContext, User } from './support'

export interface Imported {
  readonly token: string
  readonly row: TokenRow
}

interface Options {
  readonly user: User
  readonly client: Client
  readonly category: 'access' | 'refresh'
  readonly row?: Partial<TokenRow>
  readonly claims?: Record<string, unknown>
  readonly typ?: string
}

const DAY = 24 * 3_600_000

export async function insertImported(t: TestContext, options: Options): Promise<Imported> {
  const { user, client, category, claims, typ = 'JWT' } = options
  const { ctx } = t
  const at = new Date(ctx.clock.now())
  const expiresAt = new Date(at.getTime() + 30 * DAY)
  const payload = {
    ...{ client_id: client.clientId, exp: Math.floor(expiresAt.getTime() / 1000), extra_uid: user.username },
    ...{ iat: Math.floor(at.getTime() / 1000), iss: `${ctx.settings.issuer}/`, jti: crypto.randomUUID() },
    ...{ scope: 'email profile', sub: user.id, type: category, user_id: user.id, ...claims },
  }
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ alg: 'HS256', typ })}.${encode(payload)}`
  const token = `${input}.${await ctx.keys.active.sign(input)}`
  const row: TokenRow = {
    id: crypto.randomUUID(),
    tokenHash: sha256Hex(token),
    tokenType: 'Bearer',
    tokenCategory: category,
    status: 'active',
    userId: user.id,
    clientId: client.clientId,
    scopes: 'email profile',
    grantType: '',
    expiresAt,
    createdAt: at,
    updatedAt: at,
    lastUsedAt: null,
    revokedAt: null,
    disabledBy: null,
    parentTokenId: null,
    tokenFamilyId: null,
    authorizationId: null,
    authorizationCodeId: null,
    deviceCodeId: null,
    imported: true,
    ...options.row,
  }
  await ctx.db.q.insert(ctx.db.t.accessTokens).values(row)
  return { token, row }
}
