/** Clients for tests against the executable: registered as programs do it, and approved in the database. */
import type { RunningBinary } from '../support/binary'

const REGISTRATION_TOKEN = 'c3f1a9d27b604e58b7a5c0d94e1f6a32'

/** For the server that the client shall be registered at. */
export const registrationEnv = {
  ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true',
  DYNAMIC_CLIENT_REGISTRATION_TOKEN: REGISTRATION_TOKEN,
}

export interface RegisteredClient {
  readonly id: string
  /** Empty for public clients. */
  readonly secret: string
}

/** Runs a statement in the database of the server. */
type Execute = (sql: string) => Promise<unknown>

/** Active at once, with the columns that `assignments` sets, as in SQL. */
async function register(
  server: RunningBinary,
  execute: Execute,
  { metadata, assignments }: { metadata: Record<string, unknown>; assignments: string },
): Promise<RegisteredClient> {
  const answer = await server.fetch('/oauth/register', {
    method: 'POST',
    headers: { authorization: `Bearer ${REGISTRATION_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  })
  const client = (await answer.json()) as { client_id?: string; client_secret?: string }
  if (!client.client_id) throw new Error(`not registered: ${JSON.stringify(client)}`)
  await execute(
    `update oauth_applications set status = 'active', ${assignments} where client_id = '${client.client_id}'`,
  )
  return { id: client.client_id, secret: client.client_secret ?? '' }
}

/** A confidential client that asks for tokens of its own and looks at tokens. */
export const registerService = (server: RunningBinary, execute: Execute): Promise<RegisteredClient> =>
  register(server, execute, {
    metadata: {
      client_name: 'Service',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
      response_types: [],
    },
    assignments:
      "enable_client_credentials_flow = true, allow_introspection = true, grant_types = 'client_credentials'",
  })

export const CALLBACK = 'http://127.0.0.1:9999/callback'

/** A public client that sends people here with an authorization request. */
export const registerApplication = (server: RunningBinary, execute: Execute, name: string): Promise<RegisteredClient> =>
  register(server, execute, {
    metadata: {
      client_name: name,
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'email profile',
    },
    assignments: `description = '${name}'`,
  })
