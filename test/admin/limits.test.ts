import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'

describe('limits of what administrators change', () => {
  let app: TestApp
  let admin: UserRow
  beforeAll(async () => {
    app = await openTestApp({ settings: { ENABLE_RATE_LIMIT: 'true' } })
    admin = await app.insertUser({ role: 'admin' })
  })
  afterAll(() => app.close())

  test('counted per administrator and minute; looking is not limited', async () => {
    const signedIn = await app.signIn(admin)
    const enable = async ({ cookie, csrfToken }: SignedIn) => {
      const path = `/admin/users/${crypto.randomUUID()}/enable`
      const answer = await app.postForm(path, { csrf_token: csrfToken }, { cookie, accept: 'text/html' })
      return { status: answer.status, retryAfter: answer.headers.get('retry-after') }
    }
    for (let change = 0; change < 120; change += 1) expect((await enable(signedIn)).status).toBe(404)
    const refused = await enable(signedIn)
    expect([refused.status, Number(refused.retryAfter) > 0]).toEqual([429, true])
    // Another browser of the same person is no way around it.
    expect((await enable(await app.signIn(admin))).status).toBe(429)
    expect((await app.get('/admin', { headers: { cookie: signedIn.cookie } })).status).toBe(200)
    const other = await app.insertUser({ role: 'admin' })
    expect((await enable(await app.signIn(other))).status).toBe(404)
    app.clock.advance(60_000)
    expect((await enable(signedIn)).status).toBe(404)
  })
})
