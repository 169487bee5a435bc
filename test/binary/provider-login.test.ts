/** Signing in through an OpenID provider with the executable: what is loaded at the first sign-in is in the file. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type RunningBinary, startBinary } from '../support/binary'
import { formBrowser } from '../support/form-browser'
import { there } from '../support/providers/journey'
import { startOidc } from '../support/providers/oidc'

let oidc: Awaited<ReturnType<typeof startOidc>>
let server: RunningBinary
beforeAll(async () => {
  oidc = await startOidc()
  server = await startBinary({ env: oidc.settings })
}, 60_000)
afterAll(async () => {
  await server?.stop()
  await oidc?.server.stop()
})

test('there and back', async () => {
  const browser = formBrowser(server.url, server.fetch)
  const login = await browser.open('/login')
  expect(login.html).toContain('Sign in with Example ID')
  const left = await browser.open('/auth/login/oidc?redirect=/account/sessions')
  expect(left.path).toStartWith(`${oidc.server.url}/authorize?`)
  const arrived = await browser.open(await there(left.path))
  expect([arrived.status, arrived.path]).toEqual([200, '/account/sessions'])
  expect(arrived.html).toContain('Olga O.')
}, 20_000)
