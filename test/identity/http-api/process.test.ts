/** The whole program with an external API: its own process, real connections, the seeded administrator. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { eventually, removeFolder, temporaryFolder } from '../../support/daemon'
import { formBrowser } from '../../support/form-browser'
import { type HttpApiServer, startHttpApi } from '../../support/http-api-server'

const SECRET = 'k9-a-shared-secret-of-length'
const PASSWORD = 'directory-password'

let folder: string
let api: HttpApiServer
beforeEach(async () => {
  folder = temporaryFolder('http-api')
  api = await startHttpApi()
})
afterEach(async () => {
  await api.stop()
  removeFolder(folder)
})

test('[SEC] people of the directory and the local administrator sign in; no secret reaches the log', async () => {
  const child = Bun.spawn([process.execPath, 'src/main.ts', 'server'], {
    // The JSX settings of the views are found in the working directory.
    cwd: resolve(import.meta.dir, '../../..'),
    env: {
      SERVER_ADDR: '127.0.0.1:0',
      BASE_URL: 'http://localhost:8080',
      DATABASE_DSN: `${folder}/authgate.db`,
      JWT_SECRET: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex'),
      SESSION_SECRET: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex'),
      DEFAULT_ADMIN_PASSWORD: 'an-administrator-of-here',
      AUTH_MODE: 'http_api',
      HTTP_API_URL: `${api.url.replace('//', '//svc:hunter2@')}?key=hunter3`,
      HTTP_API_AUTH_MODE: 'hmac',
      HTTP_API_AUTH_SECRET: SECRET,
      HTTP_API_MAX_RETRIES: '0',
    },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  let log = ''
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder()
    for await (const chunk of stream) log += decoder.decode(chunk, { stream: true })
  }
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)])
  const port = await eventually('the listener', async () => /listening on 127\.0\.0\.1:(\d+)/.exec(log)?.[1])
  expect(log).toContain(`HTTP API authentication enabled: ${api.url}`)

  const url = `http://127.0.0.1:${port}`
  const logIn = async (username: string, password: string) => {
    const browser = formBrowser(url, (path, init) => fetch(url + path, { ...init, redirect: 'manual' }))
    return browser.submit(await browser.open('/login'), '/login', { username, password })
  }
  expect((await logIn('alice', PASSWORD)).path).toBe('/account/sessions')
  const answered = api.calls.length
  await api.stop()
  expect((await logIn('alice', PASSWORD)).status).toBe(503)
  expect((await logIn('admin', 'an-administrator-of-here')).status).toBe(200)
  expect(answered).toBe(1)

  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  await collected
  for (const secret of [SECRET, PASSWORD, 'hunter2', 'an-administrator-of-here']) expect(log).not.toContain(secret)
})
