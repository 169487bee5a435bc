/** An administrator lets an account of the authentication API meet the person who has its name there now. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rebindUser } from '../../src/users/rebind-user'
import { openBrowser } from '../identity/browser'
import { openTestApp, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'
import { type HttpApiServer, startHttpApi } from '../support/http-api-server'
import { auditAbout, refusal, requestOf, sessionOf, userRow } from './support'

describe.each(databases)('external identity forgotten on %s', (_name, open) => {
  let api: HttpApiServer
  let app: TestApp
  let admin: UserRow
  beforeAll(async () => {
    api = await startHttpApi()
    app = await openTestApp({ open, settings: { AUTH_MODE: 'http_api', HTTP_API_URL: api.url } })
    admin = await app.insertUser({ role: 'admin' })
  })
  afterAll(async () => {
    await app.close()
    await api.stop()
  })

  test('[SEC] the next accepted login binds the account again; what the former person had open is over', async () => {
    const user = await app.insertUser({ authSource: 'http_api', externalId: crypto.randomUUID(), passwordHash: '' })
    const now = crypto.randomUUID()
    api.play(() => ({ body: { success: true, user_id: now } }))
    await sessionOf(app, user)
    const logIn = () => openBrowser(app).logIn({ username: user.username, password: 'directory-password' })

    expect((await logIn()).status).toBe(401)
    expect(await rebindUser(requestOf(app), admin, user)).toEqual({ tokensRevoked: 0, sessionsEnded: 1 })
    expect(await userRow(app, user.id)).toMatchObject({ externalId: null, version: user.version + 1 })
    const [row] = (await auditAbout(app, user.id)).filter(({ eventType }) => eventType === 'USER_UPDATED')
    expect(row).toMatchObject({ severity: 'WARNING', details: { old_external_id: user.externalId } })

    expect((await logIn()).status).toBe(302)
    expect((await userRow(app, user.id))?.externalId).toBe(now)
  })

  test('accounts that are not bound, and accounts of here, have nothing to forget', async () => {
    for (const overrides of [{}, { externalId: 'x' }, { authSource: 'http_api' }])
      expect(await refusal(rebindUser(requestOf(app), admin, await app.insertUser(overrides)))).toBe(
        'changed_meanwhile',
      )
  })

  test('[SEC] only an active administrator does this', async () => {
    const user = await app.insertUser({ authSource: 'http_api', externalId: crypto.randomUUID() })
    const nobody = await app.insertUser()
    expect(await refusal(rebindUser(requestOf(app), nobody, user))).toBe('not_admin')
    expect((await userRow(app, user.id))?.externalId).toBe(user.externalId)
  })
})
