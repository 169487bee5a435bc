/** A confidential client for tests against the executable: registered as programs do it, and approved in the database. */
import type { RunningBinary } from '../support/binary'

const REGISTRATION_TOKEN = 'c3f1a9d27b604e58b7a5c0d94e1f6a32'

/** For the server that the client shall be registered at. */
export const registrationEnv = {
  ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true',
  DYNAMIC_CLIENT_REGISTRATION_TOKEN: REGISTRATION_TOKEN,
}

export interface ServiceClient {
  readonly id: string
  readonly secret: string
}

/** `execute` runs a statement in the database of the server. */
export async function registerService(
  server: RunningBinary,
  execute: (sql: string) => Promise<unknown>,
): Promise<ServiceClient> {
  const answer = await server.fetch('/oauth/register', {
    method: 'POST',
    headers: { authorization: `Bearer ${REGISTRATION_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Service',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
      response_types: [],
    }),
  })
  const client = (await answer.json()) as { client_id?: string; client_secret?: string }
  if (!client.client_id || !client.client_secret) throw new Error(`not registered: ${JSON.stringify(client)}`)
  await execute(
    `update oauth_applications set status = 'active', enable_client_credentials_flow = true,
       grant_types = 'client_credentials' where client_id = '${client.client_id}'`,
  )
  return { id: client.client_id, secret: client.client_secret }
}
