import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createContext } from '../../src/create-context'
import { rememberKeys } from '../../src/tokens/key-history'
import { databases } from '../support/databases'
import { testSettings } from '../support/settings'
import { ec, privatePem } from './keys-support'
import { openTestContext, type TestContext } from './support'

describe.each(databases)('key history on %s: a key that changed under one kid is noticed (T2)', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open)
  })
  afterAll(() => t.close())

  const startWith = async (pem: string, kid = '') => {
    const settings = testSettings({ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: pem, JWT_KEY_ID: kid })
    return await rememberKeys(createContext(settings, { db: t.ctx.db, log: t.ctx.log, clock: t.ctx.clock }))
  }

  test('a warning once when the key changes, none for the same key or another kid', async () => {
    const first = privatePem(ec())
    const second = privatePem(ec())
    expect(await startWith(first, 'k')).toBeUndefined()
    expect(await startWith(first, 'k')).toBeUndefined()
    expect(await startWith(second, 'k2')).toBeUndefined()
    expect(await startWith(second, 'k')).toContain('JWT_KEY_ID=k last named another signing key')
    expect(await startWith(second, 'k')).toBeUndefined()
    expect(await startWith(first)).toBeUndefined()
  })

  test('the history holds thumbprints, and nothing of an HS256 secret [SEC]', async () => {
    expect(await rememberKeys(t.ctx)).toBeUndefined()
    const rows = await t.ctx.db.q.select().from(t.ctx.db.t.signingKeys)
    expect(rows.map(({ algorithm }) => algorithm)).not.toContain('HS256')
    expect(JSON.stringify(rows)).not.toContain(t.ctx.settings.JWT_SECRET)
    for (const { thumbprint } of rows) expect(thumbprint).toMatch(/^[\w-]{43}$/)
  })
})
