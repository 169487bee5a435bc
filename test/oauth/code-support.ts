/** Authorization codes as the authorization endpoint leaves them, and their redemption. */
import { createHash } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { commit } from '../../src/db/commit'
import { type AuthorizationCode, hashOf, insertAuthorizationCode } from '../../src/oauth/authorization-codes'
import type { ClientRow, TestApp, UserRow } from '../support/app'

export const REDIRECT_URI = 'http://localhost:9999/callback'
export const VERIFIER = 'a-code-verifier-of-the-tests-that-is-43-chars'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

export type TestClient = ClientRow & { secret: string }

export interface TestCode {
  readonly code: string
  readonly uuid: string
  readonly consentId: string
}

/** A fresh code with the consent behind it; with a challenge unless `codeChallenge` is overridden. */
export async function insertCode(
  { ctx }: TestApp,
  parties: { user: UserRow; client: ClientRow; scope?: string; consentScope?: string },
  overrides: Partial<AuthorizationCode> = {},
): Promise<TestCode> {
  const { user, client, scope = 'openid read', consentScope = scope } = parties
  const at = new Date(ctx.clock.now())
  const consentId = await insertConsent(ctx, { user, client, scope: consentScope })
  const code = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex')
  const row: AuthorizationCode = {
    uuid: crypto.randomUUID(),
    codeHash: hashOf(code),
    clientId: client.clientId,
    userId: user.id,
    authorizationId: consentId,
    redirectUri: REDIRECT_URI,
    scopes: scope,
    resource: '',
    codeChallenge: CHALLENGE,
    codeChallengeMethod: 'S256',
    nonce: '',
    authTime: at,
    amr: 'pwd',
    sid: '',
    failedAttempts: 0,
    expiresAt: new Date(at.getTime() + 600_000),
    usedAt: null,
    tokenFamilyId: null,
    createdAt: at,
    ...overrides,
  }
  await commit({ db: ctx.db }, [insertAuthorizationCode(row)])
  return { code, uuid: row.uuid, consentId }
}

async function insertConsent(
  { db, clock }: TestApp['ctx'],
  { user, client, scope }: { user: UserRow; client: ClientRow; scope: string },
): Promise<string> {
  const { userAuthorizations } = db.t
  const of = await db.q.select().from(userAuthorizations).where(eq(userAuthorizations.userId, user.id))
  const known = of.find(({ clientId }) => clientId === client.clientId)
  if (known) return known.uuid
  const uuid = crypto.randomUUID()
  const at = new Date(clock.now())
  const times = { grantedAt: at, revokedAt: null, createdAt: at, updatedAt: at }
  const scopes = { scopes: scope, webScopes: scope }
  await db.q
    .insert(userAuthorizations)
    .values({ uuid, userId: user.id, clientId: client.clientId, ...scopes, ...times, isActive: true, tokenEpoch: 0 })
  return uuid
}

/** Fields that are undefined are left out. */
export function redeem(
  app: TestApp,
  client: TestClient,
  code: string,
  fields: Record<string, string | undefined> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    client_id: client.clientId,
    client_secret: client.secret === '' ? undefined : client.secret,
    code_verifier: VERIFIER,
    ...fields,
  }
  const sent = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return app.postForm('/oauth/token', Object.fromEntries(sent), headers)
}

export const codeRow = async ({ ctx }: TestApp, uuid: string): Promise<AuthorizationCode | undefined> => {
  const { authorizationCodes } = ctx.db.t
  const [row] = await ctx.db.q.select().from(authorizationCodes).where(eq(authorizationCodes.uuid, uuid))
  return row
}
