/** An administrator looks at a token, at who allowed an application, ends all of them, and has keys read again. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { issueTokens } from '../oauth/support'
import type { TestApp, UserRow } from '../support/app'
import { type BrowserApp, openBrowserApp } from '../support/browser-app'
import { closePage, newPage, pageErrors } from '../support/chromium'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { journeyLook } from '../support/journey-look'
import { suiteNeeds } from '../support/skip'
import { ec, privatePem } from '../tokens/keys-support'

const PATIENCE_MS = 90_000

suiteNeeds('chromium')('tokens and keys in Chromium', () => {
  let browser: Browser
  let app: TestApp
  let close: BrowserApp['close']
  let base: string
  let admin: UserRow & { password: string }
  const folder = temporaryFolder('browser-keys')

  beforeAll(async () => {
    const file = join(folder, 'signing.pem')
    writeFileSync(file, privatePem(ec()))
    ;({ browser, app, base, close } = await openBrowserApp({
      ...{ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PATH: file },
    }))
    admin = await app.insertUser({ role: 'admin' })
  }, 30_000)
  afterAll(async () => {
    await close?.()
    removeFolder(folder)
  })

  test.each([
    { javaScript: true, width: 1280, colorScheme: 'light' },
    { javaScript: false, width: 390, colorScheme: 'light' },
  ] as const)(
    'one token, all of a user, all of an application, who allowed it, keys (%p)',
    async (options) => {
      const [user, other] = [await app.insertUser(), await app.insertUser()]
      const client = await app.insertClient({ clientName: `Wiki ${options.width}` })
      const first = await issueTokens(app, { user, client })
      await issueTokens(app, { user: other, client })
      const page = await newPage(browser, options)
      const errors = pageErrors(page)
      const { look, findings } = journeyLook(page, 'admin-tokens', options)
      const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

      await page.goto(`${base}/login?redirect=%2Fadmin%2Fkeys`)
      await page.getByLabel('Username').fill(admin.username)
      await page.getByLabel('Password', { exact: true }).fill(admin.password)
      await press('Sign in')
      await press('Read key files again')
      await page.getByText('Keys in use: 1.').waitFor()
      await look('keys')

      await page.goto(`${base}/admin/tokens/${first.accessTokenId}`)
      await page.getByText(first.accessTokenId).first().waitFor()
      await look('token')
      await page.goto(`${base}/admin/tokens/revoke-all?user_id=${user.id}`)
      await look('all-of-user')
      await press('Revoke all tokens')
      await page.getByText(`Only tokens of ${user.username}`).waitFor()

      await page.goto(`${base}/admin/clients/${client.clientId}/authorizations`)
      await page.getByText(other.username).first().waitFor()
      await look('authorizations')
      await page.goto(`${base}/admin/tokens/revoke-all?client_id=${client.clientId}`)
      await press('Revoke all tokens')
      await page.getByText('No tokens found').or(page.getByText('Revoked').first()).first().waitFor()
      const { q, t } = app.ctx.db
      const alive = (await q.select().from(t.accessTokens)).filter(
        ({ clientId, status }) => clientId === client.clientId && status !== 'revoked',
      )
      expect([alive, findings, errors]).toEqual([[], [], []])
      await closePage(page)
    },
    PATIENCE_MS,
  )
})
