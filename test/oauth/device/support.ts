/** The steps of the device grant over HTTP, as a device and a browser take them. */
import { eq } from 'drizzle-orm'
import type { Tables } from '../../../src/db/tables'
import type { ClientRow, SignedIn, TestApp } from '../../support/app'

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

export type TestClient = ClientRow & { secret: string }

export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
}

const readAnswer = async (response: Response): Promise<Answer> => ({
  status: response.status,
  body: (await response.json()) as Record<string, unknown>,
  headers: response.headers,
})

const credentials = ({ clientId, secret }: TestClient): Record<string, string> =>
  secret === '' ? { client_id: clientId } : { client_id: clientId, client_secret: secret }

export const requestCode = async (
  app: TestApp,
  client: TestClient,
  fields: Record<string, string> = {},
  headers?: Record<string, string>,
): Promise<Answer> =>
  readAnswer(await app.postForm('/oauth/device/code', { ...credentials(client), ...fields }, headers))

export interface Codes {
  readonly deviceCode: string
  readonly userCode: string
}

/** The codes of a request that must succeed. */
export async function newCodes(app: TestApp, client: TestClient, scope?: string): Promise<Codes> {
  const { status, body } = await requestCode(app, client, scope === undefined ? {} : { scope })
  if (status !== 200) throw new Error(`device code request: ${status} ${JSON.stringify(body)}`)
  return { deviceCode: String(body.device_code), userCode: String(body.user_code) }
}

export const poll = async (
  app: TestApp,
  client: TestClient,
  deviceCode: string,
  fields: Record<string, string> = {},
): Promise<Answer> =>
  readAnswer(
    await app.postForm('/oauth/token', {
      grant_type: DEVICE_GRANT,
      device_code: deviceCode,
      ...credentials(client),
      ...fields,
    }),
  )

export const enterCode = (app: TestApp, session: SignedIn, typed: string, headers = {}): Promise<Response> =>
  app.postForm(
    '/device/verify',
    { csrf_token: session.csrfToken, user_code: typed },
    { cookie: session.cookie, ...headers },
  )

/** The request id that a right entry leads to; undefined when it was refused. */
export async function confirmationOf(app: TestApp, session: SignedIn, userCode: string): Promise<string | undefined> {
  const location = (await enterCode(app, session, userCode)).headers.get('location') ?? ''
  return /^\/device\/confirm\?request=([\w-]{43})$/.exec(location)?.[1]
}

export const decideOn = (app: TestApp, session: SignedIn, requestId: string, action: string): Promise<Response> =>
  app.postForm(
    '/device/decide',
    { csrf_token: session.csrfToken, request_id: requestId, action },
    { cookie: session.cookie },
  )

export const getPage = (app: TestApp, session: SignedIn, path: string): Promise<Response> =>
  app.get(path, { headers: { cookie: session.cookie } })

/** Enters the code and decides; both must succeed. */
export async function settle(
  app: TestApp,
  session: SignedIn,
  userCode: string,
  action: 'approve' | 'deny' = 'approve',
): Promise<string> {
  const requestId = await confirmationOf(app, session, userCode)
  if (requestId === undefined) throw new Error('the code was refused')
  const response = await decideOn(app, session, requestId, action)
  if (response.status !== 303) throw new Error(`decision: ${response.status} ${await response.text()}`)
  return requestId
}

/** Whether an access token is accepted now. */
export async function isAccepted(app: TestApp, accessToken: unknown): Promise<boolean> {
  const response = await app.get('/oauth/tokeninfo', { headers: { authorization: `Bearer ${accessToken}` } })
  return response.status === 200
}

type Row<Name extends keyof Tables> = Tables[Name]['$inferSelect']

export async function codeRow(app: TestApp, clientId: string): Promise<Row<'deviceCodes'>> {
  const { q, t } = app.ctx.db
  const [row] = await q.select().from(t.deviceCodes).where(eq(t.deviceCodes.clientId, clientId))
  if (!row) throw new Error('no such code')
  return row
}

export async function consentRow(
  app: TestApp,
  pair: { userId: string; clientId: string },
): Promise<Row<'userAuthorizations'> | undefined> {
  const { q, t } = app.ctx.db
  const rows = await q.select().from(t.userAuthorizations).where(eq(t.userAuthorizations.userId, pair.userId))
  return rows.find(({ clientId }) => clientId === pair.clientId)
}

export async function tokenRows(app: TestApp, clientId: string): Promise<Row<'accessTokens'>[]> {
  const { q, t } = app.ctx.db
  return await q.select().from(t.accessTokens).where(eq(t.accessTokens.clientId, clientId))
}

/** Audit records of a client, written in commits; buffered ones arrive within a second. */
export async function auditRows(app: TestApp, eventType: string, clientId?: string): Promise<Row<'auditLogs'>[]> {
  const { q, t } = app.ctx.db
  const rows = await q.select().from(t.auditLogs).where(eq(t.auditLogs.eventType, eventType))
  return rows.filter((row) => clientId === undefined || row.clientId === clientId)
}
