import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Conflict } from '../../src/db/commit'
import { revokeFamily, revokeToken } from '../../src/tokens/revoke'
import { disableToken, enableToken, type TokenManager } from '../../src/tokens/status'
import { databases } from '../support/databases'
import { apply, failure, openTestContext, type TestContext } from './support'

describe.each(databases)('status of a token on %s', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open)
  })
  afterAll(() => t.close())

  const tokenIn = async (state: 'active' | 'disabled by owner' | 'disabled by admin' | 'revoked') => {
    const client = await t.insertClient()
    const { accessTokenId: id } = await t.issue({ client, user: await t.insertUser() })
    if (state === 'revoked') await apply(t.ctx, revokeToken(t.ctx, id))
    else if (state !== 'active') await apply(t.ctx, disableToken(t.ctx, id, state.slice(12) as TokenManager))
    return id
  }

  const table = [
    ['active', 'disable', 'owner', 'disabled'],
    ['active', 'disable', 'admin', 'disabled'],
    ['active', 'enable', 'owner', undefined],
    ['active', 'enable', 'admin', undefined],
    ['disabled by owner', 'disable', 'owner', undefined],
    ['disabled by owner', 'enable', 'owner', 'active'],
    ['disabled by owner', 'enable', 'admin', 'active'],
    ['disabled by admin', 'enable', 'owner', undefined],
    ['disabled by admin', 'enable', 'admin', 'active'],
    ['revoked', 'disable', 'owner', undefined],
    ['revoked', 'disable', 'admin', undefined],
    ['revoked', 'enable', 'owner', undefined],
    ['revoked', 'enable', 'admin', undefined],
  ] as const
  test.each(table)('%s, %s by %s → %s (T39) [SEC]', async (state, change, by, result) => {
    const id = await tokenIn(state)
    const before = await t.tokenRow(id)
    const statement = change === 'disable' ? disableToken(t.ctx, id, by) : enableToken(t.ctx, id, by)
    if (result === undefined) {
      expect(await failure(apply(t.ctx, statement))).toEqual(new Conflict('token'))
      expect(await t.tokenRow(id)).toEqual(before)
    } else {
      await apply(t.ctx, statement)
      const after = await t.tokenRow(id)
      expect([after.status, after.disabledBy]).toEqual([result, result === 'disabled' ? by : null])
    }
  })

  test('revoking a revoked or missing token changes nothing', async () => {
    const id = await tokenIn('revoked')
    expect(await apply(t.ctx, revokeToken(t.ctx, id), revokeToken(t.ctx, 'none'))).toEqual([0, 0])
  })

  test('enabling beside a revocation never revives (W10): 64 attempts', async () => {
    const client = await t.insertClient()
    const { refreshTokenId: id = '', familyId = '' } = await t.issue({ client, user: await t.insertUser() })
    await apply(t.ctx, disableToken(t.ctx, id, 'owner'))
    await Promise.allSettled([
      ...Array.from({ length: 32 }, () => apply(t.ctx, enableToken(t.ctx, id, 'owner'))),
      apply(t.ctx, ...revokeFamily(t.ctx, familyId)),
      ...Array.from({ length: 32 }, () => apply(t.ctx, enableToken(t.ctx, id, 'owner'))),
    ])
    expect((await t.tokenRow(id)).status).toBe('revoked')
  })
})
