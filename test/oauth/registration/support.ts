/** What the tests of registration share. */
import { eq } from 'drizzle-orm'
import type { TestApp } from '../../support/app'
import { bearer } from '../support'

export const ENABLED = { ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true' }
export const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

export interface Registered {
  readonly client_id: string
  readonly client_secret: string
  readonly registration_access_token: string
  readonly registration_client_uri: string
  readonly [member: string]: unknown
}

/** The least a client of the code flow has to say. */
export const MINIMAL = { client_name: 'My application', redirect_uris: ['https://app.example.com/callback'] }

export const postJson = (app: TestApp, body: unknown, headers: Record<string, string> = {}) =>
  app.get('/oauth/register', {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })

/** A registered client, from its answer. */
export async function registered(app: TestApp, metadata: Record<string, unknown> = {}): Promise<Registered> {
  const response = await postJson(app, { ...MINIMAL, ...metadata })
  const answer = (await response.json()) as Registered
  if (response.status !== 201) throw new Error(JSON.stringify(answer))
  return answer
}

/** A request to the client's own registration, with its token unless another is given. */
export const manage = (
  app: TestApp,
  client: Pick<Registered, 'client_id' | 'registration_access_token'>,
  method: 'GET' | 'PUT' | 'DELETE',
  body?: unknown,
) =>
  app.get(`/oauth/register/${client.client_id}`, {
    method,
    headers: { ...bearer(client.registration_access_token), 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

export async function clientRow({ ctx }: TestApp, clientId: string) {
  const { oauthApplications } = ctx.db.t
  const [row] = await ctx.db.q.select().from(oauthApplications).where(eq(oauthApplications.clientId, clientId))
  return row
}

export async function setStatus({ ctx }: TestApp, clientId: string, status: 'pending' | 'active' | 'inactive') {
  const { oauthApplications } = ctx.db.t
  await ctx.db.q.update(oauthApplications).set({ status }).where(eq(oauthApplications.clientId, clientId))
}
