/** What the tests of the protocol endpoints share: grants made without their own endpoint, and readers of answers. */
import { eq } from 'drizzle-orm'
import { commit } from '../../src/db/commit'
import { type Grant, prepareGrant } from '../../src/tokens/issue'
import type { TokenResponse } from '../../src/tokens/mint'
import type { GrantType } from '../../src/tokens/records'
import { openTestApp, type TestApp } from '../support/app'
import type { OpenDatabase } from '../support/databases'

type User = Grant['user'] & { id: string }
type Client = Grant['client']

export interface Issued extends TokenResponse {
  readonly refresh_token: string
  readonly familyId: string
  readonly accessTokenId: string
  readonly refreshTokenId: string
  readonly consentId: string
}

/** The tokens of a grant by a user, with their consent, as a device or code grant leaves them. */
export async function issueTokens(
  { ctx }: TestApp,
  parties: { user: User; client: Client; scope?: string; grantType?: GrantType },
): Promise<Issued> {
  const { user, client, scope = 'read write', grantType = 'device_code' } = parties
  const at = new Date(ctx.clock.now())
  const consent = { uuid: crypto.randomUUID(), tokenEpoch: 0 }
  const { userAuthorizations } = ctx.db.t
  await ctx.db.q.insert(userAuthorizations).values({
    ...consent,
    userId: user.id,
    clientId: client.clientId,
    scopes: scope,
    webScopes: '',
    grantedAt: at,
    revokedAt: null,
    isActive: true,
    createdAt: at,
    updatedAt: at,
  })
  const grant = await prepareGrant(ctx, { grantType, client, user, consent, scope })
  await commit(ctx, [...grant.guards, ...grant.writes])
  const { response, familyId = '', accessTokenId, refreshTokenId = '' } = grant
  return {
    ...response,
    refresh_token: response.refresh_token ?? '',
    familyId,
    accessTokenId,
    refreshTokenId,
    consentId: consent.uuid,
  }
}

/** A machine token, as the client credentials grant makes it. */
export async function issueMachineToken({ ctx }: TestApp, client: Client, scope = 'read'): Promise<string> {
  const grant = await prepareGrant(ctx, { grantType: 'client_credentials', client, scope })
  await commit(ctx, [...grant.guards, ...grant.writes])
  return grant.response.access_token
}

export const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

/** Status, error code and description of an answer. */
export async function outcome(response: Response): Promise<[number, string | undefined, string | undefined]> {
  const body = (await response.json()) as { error?: string; error_description?: string }
  return [response.status, body.error, body.error_description]
}

/** A JWT's header and payload, unverified. */
export function decode(token: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [header = '', payload = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: read(header), payload: read(payload) }
}

/** Servers by their settings: tests with users and clients of their own can share one. */
export function createAppPool(open: OpenDatabase) {
  const apps = new Map<string, TestApp>()
  return {
    async get(settings: Record<string, string>): Promise<TestApp> {
      const key = JSON.stringify(settings)
      const app = apps.get(key) ?? (await openTestApp({ open, settings }))
      apps.set(key, app)
      return app
    },
    async close(): Promise<void> {
      for (const app of apps.values()) await app.close()
    },
  }
}

const MARKER = 'test marker '

/** The rows of the audit trail so far, the buffered ones included. */
export async function auditRows({ ctx }: TestApp, eventType?: string) {
  const { auditLogs } = ctx.db.t
  // The buffer is written in order: when the marker is there, everything before it is.
  const action = MARKER + crypto.randomUUID()
  ctx.audit.record(ctx, { event: 'LOGOUT', action })
  const marked = () => ctx.db.q.select().from(auditLogs).where(eq(auditLogs.action, action))
  while ((await marked()).length === 0) await Bun.sleep(50)
  const rows = await ctx.db.q.select().from(auditLogs)
  return rows.filter((row) => !row.action.startsWith(MARKER) && row.eventType === (eventType ?? row.eventType))
}

export const tokenRow = async ({ ctx }: TestApp, id: string) => {
  const { accessTokens } = ctx.db.t
  const [row] = await ctx.db.q.select().from(accessTokens).where(eq(accessTokens.id, id))
  return row
}
