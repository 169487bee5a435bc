/** Limits of the executable: on by default, shared through Redis, which is closed between audit and database. */
import { expect, test } from 'bun:test'
import { startBinary } from '../support/binary'
import { eventually } from '../support/daemon'
import { startRedis } from '../support/redis'
import { suiteNeeds } from '../support/skip'

suiteNeeds('redis')('two servers with one Redis', () => {
  test('share their limits, keep them while Redis is away, and end in order', async () => {
    const redis = await startRedis()
    const env = { ENABLE_RATE_LIMIT: 'true', RATE_LIMIT_STORE: 'redis', REDIS_ADDR: redis.url, TOKEN_RATE_LIMIT: '4' }
    const [one, two] = [await startBinary({ env }), await startBinary({ env })]
    const ask = async (server: typeof one) => (await server.fetch('/oauth/token', { method: 'POST' })).status
    const answers: number[] = []
    for (const server of [one, two, one, two, one, two]) answers.push(await ask(server))
    expect(answers).toEqual([400, 400, 400, 400, 429, 429])
    await redis.halt()
    for (let n = 0; n < 4; n += 1) expect(await ask(one)).toBe(400)
    expect(await ask(one)).toBe(429)
    await redis.start()
    await eventually('the shared counter', async () => ((await ask(one)) === 400 ? true : undefined))
    expect([await one.stop(), await two.stop()]).toEqual([0, 0])
    const steps = ['Audit service shut down gracefully', 'Redis connection closed', 'Closing database connection...']
    const positions = steps.map((step) => one.log().indexOf(step))
    expect(positions.every((at) => at >= 0)).toBe(true)
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
    await redis.stop()
  }, 60_000)
})
