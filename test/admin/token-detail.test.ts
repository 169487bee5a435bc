import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { tokenRows } from '../oauth/device/support'
import { issueMachineToken, issueTokens, tokenRow } from '../oauth/support'
import { openTestApp, type SignedIn, type TestApp, type UserRow } from '../support/app'
import { databases } from '../support/databases'

const TOKENS = '/admin/tokens'
const ALL = `${TOKENS}/revoke-all`
const HOSTILE = `<script>alert(1)</script>"'&\u202e`

describe.each(databases)('the page of a token on %s', (_name, open) => {
  let app: TestApp
  let admin: UserRow
  let who: SignedIn
  beforeAll(async () => {
    app = await openTestApp({ open, settings: { ENABLE_RATE_LIMIT: 'false', SESSION_MAX_AGE: '36000' } })
    admin = await app.insertUser({ role: 'admin' })
    who = await app.signIn(admin)
  }, 30_000)
  afterAll(() => app.close())

  const get = (path: string) => app.get(path, { headers: { accept: 'text/html', cookie: who.cookie } })
  const post = (path: string, fields: Record<string, string> = {}) =>
    app.postForm(path, { csrf_token: who.csrfToken, ...fields }, { accept: 'text/html', cookie: who.cookie })
  const grant = async () => {
    const user = await app.insertUser({ username: `<b>-${crypto.randomUUID()}` })
    const client = await app.insertClient({ clientName: HOSTILE })
    return { user, client, issued: await issueTokens(app, { user, client }) }
  }

  test('its grant, the others of it and its history; never what it is, and texts stay text [SEC]', async () => {
    const { user, issued } = await grant()
    await post(`${TOKENS}/${issued.refreshTokenId}/revoke`)
    const html = await (await get(`${TOKENS}/${issued.accessTokenId}`)).text()
    for (const part of [issued.familyId, issued.refreshTokenId, user.id, 'TOKEN_REVOKED', 'Revoked'])
      expect(html).toContain(part)
    expect(html).not.toContain('<script>alert')
    expect(html).not.toContain((await tokenRow(app, issued.accessTokenId))?.tokenHash ?? 'none')
  })

  test('a token of a machine has no grant; a token that is not there is not found', async () => {
    const client = await app.insertClient()
    await issueMachineToken(app, client)
    const [row] = await tokenRows(app, client.clientId)
    expect(await (await get(`${TOKENS}/${row?.id}`)).text()).toContain('It belongs to no grant')
    for (const id of [crypto.randomUUID(), '%00']) expect((await get(`${TOKENS}/${id}`)).status).toBe(404)
  })

  test('its buttons return to it', async () => {
    const { issued } = await grant()
    const path = `${TOKENS}/${issued.accessTokenId}`
    const answer = await post(`${path}/disable`, { back: 'token' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, path])
  })

  test('all of a user, all of an application: counted, asked, ended, recorded', async () => {
    for (const kind of ['user_id', 'client_id'] as const) {
      const { user, client, issued } = await grant()
      const id = kind === 'user_id' ? user.id : client.clientId
      expect(await (await get(`${TOKENS}?${kind}=${id}`)).text()).toContain(`${ALL}?${kind}=${id}`)
      expect(await (await get(`${ALL}?${kind}=${id}`)).text()).toContain('2 tokens stop working at once.')
      const answer = await post(ALL, { [kind]: id })
      expect([answer.status, answer.headers.get('location')]).toEqual([302, `${TOKENS}?${kind}=${id}`])
      expect((await tokenRow(app, issued.refreshTokenId))?.status).toBe('revoked')
      const { q, t } = app.ctx.db
      const rows = (await q.select().from(t.auditLogs)).filter(({ resourceId }) => resourceId === id)
      const events = rows.map((row) => [
        row.eventType,
        row.actorUserId,
        JSON.stringify(row.details).includes('revoked_count'),
      ])
      const event = kind === 'user_id' ? 'TOKEN_REVOKED' : 'CLIENT_TOKENS_REVOKED_ALL'
      expect(events).toContainEqual([event, admin.id, true])
    }
  })

  test.each(['', '?user_id=nobody', '?client_id=%00', '?user_id=a&client_id=b'])(
    'all of %s: not found',
    async (query) => {
      expect((await get(ALL + query)).status).toBe(404)
    },
  )

  test('ending all asks who one is after a while [SEC]', async () => {
    const { user, issued } = await grant()
    const old = await app.signIn(admin)
    app.clock.advance(11 * 60_000)
    const fields = { csrf_token: old.csrfToken, user_id: user.id }
    const answer = await app.postForm(ALL, fields, { accept: 'text/html', cookie: old.cookie })
    expect(answer.headers.get('location')?.split('?')[0]).toBe('/account/confirm')
    expect((await tokenRow(app, issued.accessTokenId))?.status).toBe('active')
  })
})
