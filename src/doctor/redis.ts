/** Redis, where something of the configuration uses it. */
import { Redis } from 'ioredis'
import { usesRedis } from '../config/rules/scaling'
import type { Settings } from '../config/settings'
import { redisPlace, redisStartError } from '../redis-connection'
import { type Finding, fail, ok } from './finding'

const PART = 'Redis'

export async function lookAtRedis(settings: Settings): Promise<Finding[]> {
  if (!usesRedis(settings)) return []
  const place = redisPlace(settings, 'cache')
  const client = new Redis({
    ...place.options,
    lazyConnect: true,
    connectTimeout: settings.REDIS_CONN_TIMEOUT,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let lastError: unknown
  client.on('error', (error) => {
    lastError = error
  })
  try {
    await client.connect()
    const startedAt = performance.now()
    await client.ping()
    return [ok(PART, `${place.name} answers in ${(performance.now() - startedAt).toFixed(1)} ms`)]
  } catch (error) {
    const text = redisStartError(place, lastError ?? error).message.replace('failed to initialize rate limits: ', '')
    return [fail(PART, text, 'servers start without it only when it was there before')]
  } finally {
    client.disconnect()
  }
}
