/** The compiled executable and an application in Python, built with Authlib: code with PKCE, ID token, refresh, services. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { ClientRow } from '../support/app'
import { type RunningBinary, startBinary } from '../support/binary'
import { type StoredClient, storeClient } from '../support/client-rows'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { formBrowser } from '../support/form-browser'
import { authlibPython } from '../support/parts'
import { freePort } from '../support/ports'
import { suiteNeeds } from '../support/skip'
import { ec, privatePem } from '../tokens/keys-support'

const CALLBACK = 'https://app.example/callback'
const PASSWORD = 'a-long-test-passphrase-7'
const SCOPE = 'openid profile email offline_access'
const VERIFIER = 'v'.repeat(64)
const NONCE = 'n-0S6_WzA2Mj'

const REGISTERED: Partial<ClientRow> = {
  clientName: 'Python wiki',
  scopes: `${SCOPE} read`,
  redirectUris: [CALLBACK],
  allowIntrospection: true,
  origin: 'admin',
}

type Answer = Record<string, Record<string, unknown>> & { readonly error?: string }

/** An application of its own process. */
function startApplication(settings: Record<string, string>) {
  const python = authlibPython() ?? 'python3'
  const child = Bun.spawn([python, join(import.meta.dir, 'authlib-client.py')], {
    env: { AUTHLIB_INSECURE_TRANSPORT: '1', PYTHONDONTWRITEBYTECODE: '1' },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let buffered = ''
  const send = (message: object) => {
    child.stdin.write(`${JSON.stringify(message)}\n`)
    child.stdin.flush()
  }
  send(settings)
  return {
    ask: async (command: string, parameters: object = {}): Promise<Answer> => {
      send({ command, ...parameters })
      while (!buffered.includes('\n')) {
        const { value, done } = await reader.read()
        if (done) throw new Error('the application ended')
        buffered += decoder.decode(value, { stream: true })
      }
      const end = buffered.indexOf('\n')
      const line = buffered.slice(0, end)
      buffered = buffered.slice(end + 1)
      return JSON.parse(line)
    },
    stop: async () => {
      child.kill()
      await child.exited
    },
  }
}

suiteNeeds('authlib')('a Python application with Authlib', () => {
  let folder: string
  let server: RunningBinary
  let confidential: StoredClient
  let publicClient: StoredClient
  beforeAll(async () => {
    folder = temporaryFolder('authlib')
    const env = {
      SERVER_ADDR: `127.0.0.1:${await freePort()}`,
      DEFAULT_ADMIN_PASSWORD: PASSWORD,
      JWT_SIGNING_ALGORITHM: 'ES256',
      JWT_PRIVATE_KEY_PEM: privatePem(ec()),
      ENABLE_TOKEN_ROTATION: 'true',
    }
    await (await startBinary({ folder, env })).stop()
    confidential = await storeClient(folder, {
      ...REGISTERED,
      clientType: 'confidential',
      enableClientCredentialsFlow: true,
    })
    publicClient = await storeClient(folder, {
      ...REGISTERED,
      clientType: 'public',
      enableClientCredentialsFlow: false,
      allowIntrospection: false,
    })
    server = await startBinary({ folder, env })
  }, 60_000)
  afterAll(async () => {
    await server?.stop()
    removeFolder(folder)
  })

  const application = (client: StoredClient, method: string) =>
    startApplication({
      issuer: server.url,
      client_id: client.clientId,
      client_secret: client.secret,
      redirect_uri: CALLBACK,
      scope: SCOPE,
      method,
    })

  /** Signs in and allows; answers the address of the application that the browser ends at. */
  const allow = async (url: string): Promise<string> => {
    const browser = formBrowser(server.url, server.fetch)
    const { pathname, search } = new URL(url)
    let page = await browser.open(pathname + search)
    page = await browser.submit(page, '/login', { username: 'admin', password: PASSWORD })
    if (page.html.includes('name="request_id"'))
      page = await browser.submit(page, '/oauth/authorize', { action: 'approve' })
    return page.path
  }

  test.each(['client_secret_basic', 'client_secret_post', 'none'])(
    '%s: code with PKCE, ID token with nonce and at_hash, userinfo, refresh with rotation',
    async (method) => {
      const client = method === 'none' ? publicClient : confidential
      const app = application(client, method)
      const begun = await app.ask('begin', { verifier: VERIFIER, nonce: NONCE })
      const callback = await allow(String(begun.url))
      expect(callback).toStartWith(`${CALLBACK}?`)
      const finished = await app.ask('finish', { callback, verifier: VERIFIER, nonce: NONCE, state: begun.state })
      expect(finished.error).toBeUndefined()
      expect(finished.claims).toMatchObject({ iss: server.url, aud: client.clientId, nonce: NONCE })
      expect(finished.claims?.at_hash).toBeString()

      const info = await app.ask('userinfo')
      expect(info).toMatchObject({ status: 200, body: { sub: finished.claims?.sub, preferred_username: 'admin' } })

      const before = finished.token?.refresh_token
      const refreshed = await app.ask('refresh')
      expect(refreshed.error).toBeUndefined()
      expect(refreshed.token?.refresh_token).not.toBe(before)
      expect((await app.ask('userinfo')).status as unknown).toBe(200)

      const again = await app.ask('finish', { callback, verifier: VERIFIER, nonce: NONCE, state: begun.state })
      expect(again.error).toContain('invalid_grant')
      await app.stop()
    },
  )

  test('a service gets a token for itself, looks at it and gives it back', async () => {
    const app = application(confidential, 'client_secret_basic')
    const outcome = await app.ask('machine', { scope: 'read' })
    expect(outcome.error).toBeUndefined()
    expect(outcome.token).toMatchObject({ token_type: 'Bearer', scope: 'read' })
    expect(outcome.found).toMatchObject({ active: true, client_id: confidential.clientId, scope: 'read' })
    expect(outcome).toMatchObject({ revoked: 200, after: { active: false } })
    await app.stop()
  })
})
