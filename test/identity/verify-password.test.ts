/** Asking somebody who is signed in for the password once more. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { RequestContext } from '../../src/context'
import { Conflict, commit } from '../../src/db/commit'
import { param, write } from '../../src/db/definitions'
import { run } from '../../src/db/statements'
import { verifyPassword } from '../../src/identity/verify-password'
import { openTestApp, type TestApp } from '../support/app'
import { databases } from '../support/databases'
import { type HttpApiServer, startHttpApi } from '../support/http-api-server'
import { audited } from './audit-rows'

const disable = write('test_disable_user', (q, t) =>
  q
    .update(t.users)
    .set({ isActive: false })
    .where(eq(t.users.id, param('id'))),
)

describe.each(databases)('password of somebody signed in on %s', (_name, open) => {
  let api: HttpApiServer
  let app: TestApp
  let ctx: RequestContext
  beforeAll(async () => {
    api = await startHttpApi()
    app = await openTestApp({
      open,
      settings: { AUTH_MODE: 'http_api', HTTP_API_URL: api.url, HTTP_API_MAX_RETRIES: '0' },
    })
    const request = { id: 'r', ip: '192.0.2.1', userAgent: '', path: '/account/confirm', method: 'POST' }
    ctx = { ...app.ctx, request }
  })
  beforeEach(() => api.play(() => ({ body: { success: false } })))
  afterAll(async () => {
    await app.close()
    await api.stop()
  })
  const external = () => app.insertUser({ authSource: 'http_api', externalId: crypto.randomUUID(), passwordHash: '' })

  test('a local one is checked here', async () => {
    const user = await app.insertUser()
    expect((await verifyPassword(ctx, user, user.password)).kind).toBe('right')
    expect((await verifyPassword(ctx, user, 'wrong-password')).kind).toBe('wrong')
    expect(api.calls).toHaveLength(0)
  })

  test('[SEC] an account without a password is never confirmed by one', async () => {
    const user = await app.insertUser({ passwordHash: '' })
    for (const password of ['', 'anything']) expect((await verifyPassword(ctx, user, password)).kind).toBe('wrong')
  })

  test('one of the API is checked there, under the stored name', async () => {
    const user = await external()
    expect((await verifyPassword(ctx, user, 'wrong')).kind).toBe('wrong')
    api.play(() => ({ body: { success: true, user_id: user.externalId } }))
    expect((await verifyPassword(ctx, user, 'right')).kind).toBe('right')
    expect(JSON.parse(api.calls[0]?.body ?? '')).toEqual({ username: user.username, password: 'right' })
    const [row] = await audited(app, 'AUTHENTICATION_FAILURE', (each) => each.actorUserId === user.id)
    expect(row).toMatchObject({
      action: 'Password confirmation refused',
      details: { auth_source: 'http_api', reason: 'wrong_password' },
    })
  })

  test('[SEC] another person of the directory under the same name is not this one', async () => {
    const user = await external()
    api.play(() => ({ body: { success: true, user_id: 'somebody-else' } }))
    expect((await verifyPassword(ctx, user, 'right')).kind).toBe('wrong')
    expect(await audited(app, 'SUSPICIOUS_ACTIVITY', (each) => each.actorUserId === user.id)).toHaveLength(1)
  })

  test('[SEC] guesses are delayed; the right one, written, forgets them', async () => {
    const user = await app.insertUser()
    for (let count = 0; count < 4; count += 1) await verifyPassword(ctx, user, 'wrong-password')
    const right = await verifyPassword(ctx, user, user.password)
    if (right.kind !== 'right') throw new Error(right.kind)
    // The fifth attempt was counted before it was looked at.
    expect((await verifyPassword(ctx, user, user.password)).kind).toBe('delayed')
    await commit(ctx, right.alongside)
    expect((await verifyPassword(ctx, user, user.password)).kind).toBe('right')
  })

  test('[SEC] what it was asked for is not done when the account was disabled meanwhile', async () => {
    const user = await app.insertUser()
    const right = await verifyPassword(ctx, user, user.password)
    if (right.kind !== 'right') throw new Error(right.kind)
    await commit(ctx, [run(disable, { id: user.id })])
    await expect(commit(ctx, right.alongside)).rejects.toThrow(Conflict)
  })

  test('an outage is no guess', async () => {
    const user = await external()
    for (let count = 0; count < 7; count += 1) {
      api.play(() => (count % 2 === 0 ? 'cut' : { body: 'no json' }))
      expect((await verifyPassword(ctx, user, 'right')).kind).toBe('unavailable')
    }
  })
})
