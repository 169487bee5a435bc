/** Passkeys with the executable: what checks them is loaded at the first one, from the file. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { softAuthenticator } from '../support/authenticator'
import { type RunningBinary, startBinary } from '../support/binary'
import { readCredentials } from '../support/credentials'
import { formBrowser, type Page } from '../support/form-browser'
import { freePort } from '../support/ports'
import { NEW_PASSWORD } from '../support/sign-in'

const PASSKEYS = '/account/security/passkeys'

let server: RunningBinary
beforeAll(async () => {
  const port = await freePort()
  server = await startBinary({ env: { SERVER_ADDR: `127.0.0.1:${port}`, BASE_URL: `http://localhost:${port}` } })
}, 60_000)
afterAll(() => server?.stop())

/** The page as the script sees it: its form asks for the challenge first. */
const asking = (page: Page, action: string): Page => ({
  ...page,
  html: page.html.replaceAll(`action="${action}"`, `action="${action}/options"`),
})

test('one is made, and signs in', async () => {
  const { password } = readCredentials(server.folder)
  const browser = formBrowser(server.url, server.fetch)
  let page = await browser.submit(await browser.open('/login'), '/login', { username: 'admin', password })
  page = await browser.submit(page, '/account/change-password', {
    ...{ current_password: password, password: NEW_PASSWORD, password_confirm: NEW_PASSWORD },
  })
  page = await browser.open(PASSKEYS)
  const created = await browser.submit(asking(page, PASSKEYS), `${PASSKEYS}/options`, {})
  const passkey = softAuthenticator({ origin: server.url }).create(JSON.parse(created.html))
  const done = await browser.submit(page, PASSKEYS, { credential: passkey.attestation, name: 'Key' })
  expect([done.status, done.path.startsWith('/account/reveal/')]).toEqual([200, true])

  const other = formBrowser(server.url, server.fetch)
  const login = await other.open('/login')
  const asked = await other.submit(asking(login, '/login/passkey'), '/login/passkey/options', {})
  const arrived = await other.submit(login, '/login/passkey', { credential: passkey.assert(JSON.parse(asked.html)) })
  expect([arrived.status, arrived.path]).toEqual([200, '/account/sessions'])
}, 30_000)
