/** The programs on the page of an application, run as somebody would who copied them. */
import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { snippetsFor } from '../../src/apps/snippets'
import { settle } from '../oauth/device/support'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { freePort } from '../support/ports'

const CALLBACK = 'http://localhost:9999/callback'
const PATIENCE_MS = 30_000

describe('programs to copy', () => {
  let app: TestApp
  let server: ReturnType<typeof Bun.serve>
  let user: UserRow
  let folder: string
  beforeAll(async () => {
    const port = await freePort()
    app = await openTestApp({ settings: { BASE_URL: `http://localhost:${port}` } })
    server = Bun.serve({ port, hostname: 'localhost', fetch: (request) => app.handle(request) })
    user = await app.insertUser()
    // Below the repository, so that packages are found.
    const place = join(import.meta.dir, '../../node_modules/.cache')
    mkdirSync(place, { recursive: true })
    folder = mkdtempSync(join(place, 'snippets-'))
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await server?.stop(true)
    await app?.close()
  })

  const codeOf = (client: Parameters<typeof snippetsFor>[1], id: string): string =>
    snippetsFor(app.ctx.settings.issuer, client).find((snippet) => snippet.id === id)?.code ?? ''
  const shell = (code: string, env: Record<string, string>) =>
    Bun.spawn(['sh', '-c', code], { env: { ...process.env, ...env }, stdout: 'pipe', stderr: 'pipe' })

  test('only what the application may use', () => {
    const flags = { enableDeviceFlow: false, enableAuthCodeFlow: false, enableClientCredentialsFlow: true }
    const client = { clientId: 'c', clientType: 'confidential', scopes: 'openid', redirectUris: [], ...flags } as const
    const ids = (more: object) => snippetsFor('https://x', { ...client, ...more, redirectUris: [] }).map(({ id }) => id)
    expect(ids({})).toEqual(['credentials'])
    expect(ids({ enableDeviceFlow: true })).toEqual(['device', 'credentials', 'userinfo'])
    expect(ids({ enableAuthCodeFlow: true, scopes: 'email' })).toEqual(['code', 'credentials'])
  })

  test.each(['public', 'confidential'] as const)(
    'the command line signs in: %s client',
    async (clientType) => {
      const client = await app.insertClient({ clientType, scopes: 'openid email', enableClientCredentialsFlow: false })
      const program = shell(codeOf(client, 'device').replace('sleep "$interval"', 'sleep 1'), {
        CLIENT_SECRET: client.secret,
      })
      const output = program.stdout.getReader()
      const first = new TextDecoder().decode((await output.read()).value)
      const [, userCode = ''] = /compare the code (\S+)/.exec(first) ?? []
      await settle(app, await app.signIn(user), userCode)
      const token = new TextDecoder().decode((await output.read()).value).trim()
      expect([await program.exited, await new Response(program.stderr).text()]).toEqual([0, ''])

      const userinfo = shell(codeOf(client, 'userinfo'), { ACCESS_TOKEN: token })
      expect(JSON.parse(await new Response(userinfo.stdout).text())).toMatchObject({ sub: user.id })
    },
    PATIENCE_MS,
  )

  test('the service gets a token', async () => {
    const client = await app.insertClient({ scopes: 'read' })
    const program = shell(codeOf(client, 'credentials'), { CLIENT_SECRET: client.secret })
    expect(JSON.parse(await new Response(program.stdout).text())).toMatchObject({ token_type: 'Bearer', scope: 'read' })
  })

  test.each(['public', 'confidential'] as const)('the web application signs in: %s client', async (clientType) => {
    const client = await app.insertClient({
      ...{ clientType, scopes: 'openid email', redirectUris: [CALLBACK], enableClientCredentialsFlow: false },
    })
    const file = join(folder, `${clientType}.mjs`)
    writeFileSync(file, codeOf(client, 'code'))
    process.env.CLIENT_SECRET = client.secret
    const said = spyOn(console, 'log').mockImplementation(() => {})
    const program: { finish(address: string): Promise<{ access_token: string }> } = await import(file)
    const address = String(said.mock.calls[0]?.[0])
    said.mockRestore()
    delete process.env.CLIENT_SECRET

    const { cookie, csrfToken } = await app.signIn(user)
    const asked = await app.handle(new Request(address, { headers: { cookie, 'user-agent': BROWSER } }))
    const page = await asked.text()
    const [, requestId = ''] = /name="request_id" value="([^"]+)"/.exec(page) ?? []
    const allowed = await app.postForm(
      '/oauth/authorize',
      { csrf_token: csrfToken, request_id: requestId, action: 'approve' },
      { cookie },
    )
    const tokens = await program.finish(allowed.headers.get('location') ?? '')
    expect(tokens.access_token).not.toBe('')
  })

  test('texts with a meaning in a program stay texts [SEC]', () => {
    const evil = `https://a/?x='$(id)\`id\`"</script>`
    const client = {
      ...({ clientId: 'c', clientType: 'public', scopes: `a'$(id)` } as const),
      ...{ enableDeviceFlow: true, enableAuthCodeFlow: true, enableClientCredentialsFlow: false },
      redirectUris: [evil],
    }
    const [device, code] = snippetsFor('https://x', client)
    expect(device?.code).toContain(String.raw`scope='a'\''$(id)'`)
    expect(code?.code).not.toContain('</script>')
    expect(code?.code).toContain(`redirect_uri: ${JSON.stringify(evil).replaceAll('<', '\\u003c')}`)
  })
})

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
