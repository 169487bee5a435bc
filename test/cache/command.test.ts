/** A command beside a running server: its copies are evicted before the command says that it is done. */
import { afterEach, expect, test } from 'bun:test'
import { token } from '../../src/commands/token/token'
import { type Beside, kinds, openBeside } from '../commands/beside'
import { bearer, issueTokens } from '../oauth/support'
import { startRedis } from '../support/redis'
import { suiteNeeds } from '../support/skip'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

const accepts = async ({ app }: Beside, text: string) =>
  (await app.get('/oauth/tokeninfo', { headers: bearer(text) })).status

for (const kind of kinds)
  suiteNeeds('redis')(`commands on ${kind}`, () => {
    test('authgate token revoke: refused by the server at once, also without Redis [SEC]', async () => {
      const redis = await startRedis()
      opened.push({ close: () => redis.stop() })
      const types = { USER_CACHE_TYPE: 'redis', CLIENT_CACHE_TYPE: 'redis', TOKEN_CACHE_TYPE: 'redis' }
      const beside = await openBeside(kind, { ...types, TOKEN_CACHE_ENABLED: 'true', REDIS_ADDR: redis.url })
      opened.unshift(beside)
      const [user, client] = [await beside.app.insertUser(), await beside.app.insertClient()]
      const first = await issueTokens(beside.app, { user, client })
      const other = await beside.app.insertClient()
      const second = await issueTokens(beside.app, { user, client: other })
      for (const issued of [first, second])
        for (let round = 0; round < 2; round += 1) expect(await accepts(beside, issued.access_token)).toBe(200)

      const revoked = await beside.run(token, ['revoke', first.accessTokenId])
      expect([revoked.code, revoked.error]).toEqual([0, ''])
      expect(await accepts(beside, first.access_token)).toBe(401)
      expect(await accepts(beside, second.access_token)).toBe(200)

      await redis.halt()
      const withoutRedis = await beside.run(token, ['revoke', '--client', other.clientId])
      expect([withoutRedis.code, withoutRedis.error]).toEqual([0, ''])
      expect(await accepts(beside, second.access_token)).toBe(401)
    })
  })
