import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { run } from '../../src/db/commit'
import { rowParameters, write } from '../../src/db/definitions'
import { findConnection, useConnection } from '../../src/identity/linking/records'
import type { Provider, ProviderAccount } from '../../src/identity/providers/provider'
import { databases } from '../support/databases'
import { apply, openTestContext, type TestContext } from '../tokens/support'

const insertConnection = write('test_takeover_connection', (q, t) =>
  q.insert(t.oauthConnections).values(rowParameters(t.oauthConnections)),
)

const TENANT = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0'

const account = (subject: string): ProviderAccount => ({
  ...{ issuer: TENANT, subject, username: 'a', fullName: 'A', email: 'a@x.example', emailVerified: false },
  ...{ mayLinkByEmail: false, avatarUrl: '' },
})

const provider = (name: string): Provider => ({ name }) as Provider

describe.each(databases)('an account at a provider that was taken over without its issuer on %s', (_name, open) => {
  let t: TestContext
  beforeAll(async () => {
    t = await openTestContext(open)
    const user = await t.insertUser()
    const at = new Date(t.ctx.clock.now())
    for (const name of ['microsoft', 'gitea'])
      await apply(
        t.ctx,
        run(insertConnection, {
          ...{
            id: `c-${name}`,
            userId: user.id,
            provider: name,
            issuer: '',
            providerUserId: '7',
            providerUsername: '',
          },
          ...{ providerEmail: '', providerEmailVerified: false, providerFullName: null, avatarUrl: '' },
          ...{ lastUsedAt: null, createdAt: at, updatedAt: at },
        }),
      )
  })
  afterAll(() => t.close())

  test('of Microsoft is found by its id, and its first use names the tenant', async () => {
    expect(await findConnection(t.ctx, provider('microsoft'), account('8'))).toBeUndefined()
    const found = await findConnection(t.ctx, provider('microsoft'), account('7'))
    expect(found?.connection).toMatchObject({ id: 'c-microsoft', issuer: '' })
    await apply(t.ctx, useConnection(t.ctx, 'c-microsoft', account('7')))
    const used = await findConnection(t.ctx, provider('microsoft'), account('7'))
    expect(used?.connection.issuer).toBe(TENANT)
    const elsewhere = { ...account('7'), issuer: TENANT.replace('1111', '9999') }
    expect(await findConnection(t.ctx, provider('microsoft'), elsewhere)).toBeUndefined()
  })

  test('of any other provider is not: two instances have the same small numbers [SEC]', async () => {
    expect(await findConnection(t.ctx, provider('gitea'), account('7'))).toBeUndefined()
  })
})
