/** The compiled binary, and a client that registers itself and lives through a restart. */
import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import * as openid from 'openid-client'
import { startBinary } from '../support/binary'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { freePort } from '../support/ports'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

test('openid-client registers; approval and registration survive a restart (RFC 7591, RFC 7592)', async () => {
  const folder = temporaryFolder('registration')
  const token = 'c3f1a9d27b604e58b7a5c0d94e1f6a32'
  const env = {
    SERVER_ADDR: `127.0.0.1:${await freePort()}`,
    ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true',
    DYNAMIC_CLIENT_REGISTRATION_TOKEN: token,
  }
  const first = await startBinary({ folder, env })
  const metadata = { client_name: 'Self-made', grant_types: [DEVICE], response_types: [] }
  const config = await openid.dynamicClientRegistration(new URL(first.url), metadata, openid.ClientSecretBasic(), {
    initialAccessToken: token,
    execute: [openid.allowInsecureRequests],
  })
  const { client_id, client_secret, registration_access_token } = config.clientMetadata()
  const begin = () => openid.initiateDeviceAuthorization(config, { scope: 'email' })
  await expect(begin()).rejects.toMatchObject({ status: 401 })
  const database = new Database(join(folder, 'oauth.db'))
  database.run('PRAGMA busy_timeout=5000')
  database.run("UPDATE oauth_applications SET status = 'active' WHERE client_id = ?", [client_id])
  database.close()
  await begin()
  await first.stop()
  for (const secret of [token, client_secret as string, registration_access_token as string])
    expect(first.log()).not.toContain(secret)

  const second = await startBinary({ folder, env })
  await begin()
  const path = `/oauth/register/${client_id}`
  const headers = { authorization: `Bearer ${registration_access_token}` }
  expect((await second.fetch(path, { headers })).status).toBe(200)
  expect((await second.fetch(path, { method: 'DELETE', headers })).status).toBe(204)
  await expect(begin()).rejects.toMatchObject({ status: 401 })
  await second.stop()
  removeFolder(folder)
}, 60_000)

test('open registration is warned about at start', async () => {
  const server = await startBinary({ env: { ENABLE_DYNAMIC_CLIENT_REGISTRATION: 'true' } })
  expect(server.log()).toContain('everybody who reaches the server can register clients')
  await server.stop()
}, 30_000)
