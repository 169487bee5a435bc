import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { audit } from '../../src/audit/audit'
import { Conflict } from '../../src/db/commit'
import { disableToken } from '../../src/tokens/status'
import { databases } from '../support/databases'
import { apply, failure, openTestContext, type TestContext } from '../tokens/support'

describe.each(databases)('the audit row of a change is part of its commit, on %s', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open)
  })
  afterAll(() => t.close())

  const disabled = (id: string) =>
    audit(t.ctx, { event: 'TOKEN_DISABLED', action: id, resource: { type: 'TOKEN', id } })
  const recorded = async (id: string) =>
    (await t.auditRows('TOKEN_DISABLED')).filter(({ resourceId }) => resourceId === id)

  test('a commit leaves both, at once', async () => {
    const { accessTokenId: id } = await t.issue({ client: await t.insertClient(), user: await t.insertUser() })
    await apply(t.ctx, disableToken(t.ctx, id, 'admin'), ...disabled(id))
    expect([(await t.tokenRow(id)).status, (await recorded(id)).length]).toEqual(['disabled', 1])
  })

  test('a change that conflicts leaves neither, whichever comes first [SEC]', async () => {
    const { accessTokenId: id } = await t.issue({ client: await t.insertClient(), user: await t.insertUser() })
    await apply(t.ctx, disableToken(t.ctx, id, 'admin'))
    expect(await failure(apply(t.ctx, ...disabled(id), disableToken(t.ctx, id, 'admin')))).toBeInstanceOf(Conflict)
    expect(await failure(apply(t.ctx, disableToken(t.ctx, id, 'admin'), ...disabled(id)))).toBeInstanceOf(Conflict)
    expect(await recorded(id)).toEqual([])
  })

  test('an audit row that cannot be written undoes the change [SEC]', async () => {
    const { accessTokenId: id } = await t.issue({ client: await t.insertClient(), user: await t.insertUser() })
    const [row] = disabled(id)
    if (!row) throw new Error('no statement')
    // Twice the same id: the second is refused by the primary key.
    await failure(apply(t.ctx, disableToken(t.ctx, id, 'admin'), row, row))
    expect([(await t.tokenRow(id)).status, await recorded(id)]).toEqual(['active', []])
  })
})
