import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext } from '../../src/create-context'
import { keyThumbprint } from '../../src/tokens/jwk'
import { keyHistory, lastTokenEnd, rememberKeys, rememberLastUse } from '../../src/tokens/key-history'
import { loadKeyRing } from '../../src/tokens/keys'
import { removeFolder, temporaryFolder } from '../support/daemon'
import { databases } from '../support/databases'
import { testSettings } from '../support/settings'
import { ec, type Pair, privatePem, publicPem } from './keys-support'
import { type Client, openTestContext, type TestContext } from './support'

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

  const folder = temporaryFolder('key-history')
  afterAll(() => removeFolder(folder))
  const file = (pair: Pair): string => {
    const path = join(folder, `${keyThumbprint(pair.publicKey)}.pem`)
    writeFileSync(path, publicPem(pair))
    return path
  }
  const made = async (client: Client) => {
    await t.issue({ client, user: await t.insertUser() })
    return { tokens: await t.allTokens() }
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

  test('when a key was published, took up signing and last signed; a key that signed keeps its last use', async () => {
    const [first, second] = [ec(), ec()]
    const startRing = async (active: Pair, other: Pair) => {
      const keys = loadKeyRing({
        ...testSettings({ JWT_SIGNING_ALGORITHM: 'ES256', JWT_PRIVATE_KEY_PEM: privatePem(active) }),
        JWT_ADDITIONAL_KEY_PATHS: [file(other)],
      })
      await rememberKeys(createContext(t.ctx.settings, { ...t.ctx, keys }))
      return keys.active.kid
    }
    const record = async (kid: string | undefined) => (await keyHistory(t.ctx.db)).find((known) => known.kid === kid)
    const at = () => new Date(t.ctx.clock.now())
    const [published, other] = [at(), keyThumbprint(second.publicKey)]
    const kid = await startRing(first, second)
    expect(await record(other)).toMatchObject({ firstSeenAt: published, firstSignedAt: null })
    t.advance(1000)
    await startRing(first, second)
    expect(await record(other)).toMatchObject({ firstSeenAt: published, lastSeenAt: at() })
    t.advance(1000)
    const lastUse = at()
    await rememberLastUse(t.ctx, kid)
    t.advance(1000)
    await startRing(second, first)
    expect(await record(other)).toMatchObject({ firstSeenAt: published, firstSignedAt: at(), lastSeenAt: at() })
    expect(await record(kid)).toMatchObject({ firstSignedAt: published, lastSeenAt: lastUse })
  })

  test('the last end counts tokens that were made in time, may still be used, and are not revoked', async () => {
    const client = await t.insertClient()
    const { tokens } = await made(client)
    const until = new Date(t.ctx.clock.now())
    const end = await lastTokenEnd(t.ctx, until)
    expect(end).toEqual(new Date(Math.max(...tokens.map(({ expiresAt }) => expiresAt.getTime()))))
    expect(await lastTokenEnd(t.ctx, new Date(until.getTime() - 1000))).toBeUndefined()
    t.advance(1000)
    await made(client)
    expect(await lastTokenEnd(t.ctx, until)).toEqual(end)
    await t.ctx.db.q.update(t.ctx.db.t.accessTokens).set({ status: 'revoked' })
    expect(await lastTokenEnd(t.ctx, until)).toBeUndefined()
  })

  test('the history holds thumbprints, and nothing of an HS256 secret [SEC]', async () => {
    expect(await rememberKeys(t.ctx)).toBeUndefined()
    const rows = await t.ctx.db.q.select().from(t.ctx.db.t.signingKeys)
    expect(rows.map(({ algorithm }) => algorithm)).not.toContain('HS256')
    expect(JSON.stringify(rows)).not.toContain(t.ctx.settings.JWT_SECRET)
    for (const { thumbprint } of rows) expect(thumbprint).toMatch(/^[\w-]{43}$/)
  })
})
