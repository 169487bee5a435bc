/** The steps of an authorization request, as a client's link and a browser take them. */
import { eq } from 'drizzle-orm'
import type { Tables } from '../../../src/db/tables'
import type { ClientRow, SignedIn, TestApp } from '../../support/app'

export type TestClient = ClientRow & { secret: string }

/** Challenge of RFC 7636 appendix B. */
export const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const PKCE = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }
export const CALLBACK = 'https://app.example/callback'

export type Fields = Record<string, string | undefined>

/** A complete request of the client; `undefined` leaves a parameter out. */
export function requestOf(client: TestClient, changes: Fields = {}): string {
  const usual: Fields = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUris[0],
    state: 'st-1',
    ...PKCE,
  }
  const present = Object.entries({ ...usual, ...changes }).filter(
    (field): field is [string, string] => field[1] !== undefined,
  )
  return `/oauth/authorize?${new URLSearchParams(present)}`
}

export const open = (app: TestApp, session: SignedIn | undefined, path: string): Promise<Response> =>
  app.get(path, session && { headers: { cookie: session.cookie } })

/** What the answer tells the client, and where it goes; undefined unless it is a redirect there. */
export function answerAt(response: Response, redirectUri = CALLBACK): Record<string, string> | undefined {
  const location = response.headers.get('location')
  if (location === null || !location.startsWith(redirectUri)) return undefined
  return Object.fromEntries(new URL(location).searchParams)
}

/** The id that the consent page carries. */
export async function requestIdOf(response: Response): Promise<string> {
  const html = await response.text()
  const id = /name="request_id" value="([\w-]{43})"/.exec(html)?.[1]
  if (response.status !== 200 || id === undefined) throw new Error(`no consent page: ${response.status} ${html}`)
  return id
}

export const decideOn = (app: TestApp, session: SignedIn, fields: Record<string, string>): Promise<Response> =>
  app.postForm('/oauth/authorize', { csrf_token: session.csrfToken, ...fields }, { cookie: session.cookie })

/** Opens the page and presses a button; resolves to the answer. */
export async function settle(
  app: TestApp,
  session: SignedIn,
  path: string,
  action: 'approve' | 'deny' = 'approve',
): Promise<Response> {
  const requestId = await requestIdOf(await open(app, session, path))
  return await decideOn(app, session, { request_id: requestId, action })
}

type Row<Name extends keyof Tables> = Tables[Name]['$inferSelect']

export async function codesOf(app: TestApp, clientId: string): Promise<Row<'authorizationCodes'>[]> {
  const { q, t } = app.ctx.db
  return await q.select().from(t.authorizationCodes).where(eq(t.authorizationCodes.clientId, clientId))
}

export async function changeClient(app: TestApp, { clientId }: TestClient, changes: Partial<ClientRow>): Promise<void> {
  const { q, t } = app.ctx.db
  await q.update(t.oauthApplications).set(changes).where(eq(t.oauthApplications.clientId, clientId))
}
